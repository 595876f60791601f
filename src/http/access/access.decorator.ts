import { applyDecorators, SetMetadata } from '@nestjs/common';
import { type HttpConfig } from '../http.config.js';
import { describePublic, describeRoles } from '../openapi/describe-access.js';
import { type Role } from './api-keys.js';

/** Metadata key under which a handler says who may call it. */
export const ACCESS = 'access';

/** Metadata key under which a handler says by which setting it is open to all. */
export const PUBLIC_IF = 'public-if';

/** Who may call a handler. */
export type Access = 'public' | readonly Role[];

/** Says of the settings whether they open a handler to all. */
export type PublicCondition = (config: HttpConfig) => boolean;

/**
 * Lets callers with one of these roles in, and says so in the API's description. A handler with neither this nor
 * {@link Public} lets nobody in.
 */
export const Roles = (...roles: Role[]) =>
  applyDecorators(SetMetadata<string, Access>(ACCESS, roles), describeRoles(roles));

/** Lets everybody in, without a key. */
export const Public = () => applyDecorators(SetMetadata<string, Access>(ACCESS, 'public'), describePublic());

/** Beside {@link Roles}: lets everybody in while this is true of the settings. */
export const PublicIf = (condition: PublicCondition) =>
  SetMetadata<string, PublicCondition>(PUBLIC_IF, condition);
