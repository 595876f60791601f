import { applyDecorators } from '@nestjs/common';
import {
  ApiExtension,
  ApiForbiddenResponse,
  ApiSecurity,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { type Role, ROLES } from '../access/api-keys.js';
import { problem } from './schemas.js';

/** Where the API's description says who may call an operation; an empty list: everybody. */
const ROLES_EXTENSION = 'x-roles';

/** Names of the two ways to send a key, in the API's description. */
export const KEY_SCHEMES = { header: 'X-API-Key', bearer: 'Bearer' } as const;

/** Describes that an operation needs a key with one of these roles, and what a caller without one is answered. */
export const describeRoles = (roles: readonly Role[]) =>
  applyDecorators(
    ApiExtension(ROLES_EXTENSION, roles),
    ApiSecurity(KEY_SCHEMES.header),
    ApiSecurity(KEY_SCHEMES.bearer),
    ApiUnauthorizedResponse({
      description: 'No key, or one that is not known',
      standardSchema: problem,
    }),
    ApiTooManyRequestsResponse({
      description:
        'Too many wrong keys came from this address, and this is one more; Retry-After says when to go on',
      standardSchema: problem,
    }),
    ...(ROLES.every((role) => roles.includes(role))
      ? []
      : [
          ApiForbiddenResponse({
            description: `The key is good, but not for this: it is for ${roles.join(' and ')}`,
            standardSchema: problem,
          }),
        ]),
  );

/** Describes that an operation needs no key. */
export const describePublic = () => ApiExtension(ROLES_EXTENSION, []);
