import { SetMetadata } from '@nestjs/common';
import { type Role } from './api-keys.js';

/** Metadata key under which a handler says who may call it. */
export const ACCESS = 'access';

/** Who may call a handler. */
export type Access = 'public' | readonly Role[];

/** Lets callers with one of these roles in. A handler with neither this nor {@link Public} lets nobody in. */
export const Roles = (...roles: Role[]) => SetMetadata<string, Access>(ACCESS, roles);

/** Lets everybody in, without a key. */
export const Public = () => SetMetadata<string, Access>(ACCESS, 'public');
