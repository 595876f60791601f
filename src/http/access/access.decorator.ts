import { applyDecorators, SetMetadata } from '@nestjs/common';
import { type Role, ROLES } from './api-keys.js';
import { Describe } from '../openapi/describe.decorator.js';
import { type HttpConfig } from '../http.config.js';
import { problem } from '../openapi/schemas.js';

/** Metadata key under which a handler says who may call it. */
export const ACCESS = 'access';

/** Metadata key under which a handler names the setting that opens it to all. */
export const PUBLIC_IF = 'public-if';

/** Where the API's description says who may call an operation. */
export const ROLES_EXTENSION = 'x-roles';

/** Names of the two ways to send a key, in the API's description. */
export const KEY_SCHEMES = { header: 'X-API-Key', bearer: 'Bearer' } as const;

/** Who may call a handler. */
export type Access = 'public' | readonly Role[];

/** A setting that can open a handler to all. */
export type OpeningSetting = {
  [K in keyof HttpConfig]: HttpConfig[K] extends boolean ? K : never;
}[keyof HttpConfig];

/**
 * Lets callers with one of these roles in, and says so in the API's description. A handler with neither this nor
 * {@link Public} lets nobody in.
 */
export const Roles = (...roles: Role[]) =>
  applyDecorators(
    SetMetadata<string, Access>(ACCESS, roles),
    Describe((api) => api.ApiExtension(ROLES_EXTENSION, roles)),
    Describe((api) => api.ApiSecurity(KEY_SCHEMES.header)),
    Describe((api) => api.ApiSecurity(KEY_SCHEMES.bearer)),
    Describe((api) =>
      api.ApiUnauthorizedResponse({
        description: 'No key, or one that is not known',
        standardSchema: problem,
      }),
    ),
    Describe((api) =>
      api.ApiTooManyRequestsResponse({
        description:
          'Too many wrong keys came from this address, and this is one more; Retry-After says when to go on',
        standardSchema: problem,
      }),
    ),
    ...(ROLES.every((role) => roles.includes(role))
      ? []
      : [
          Describe((api) =>
            api.ApiForbiddenResponse({
              description: `The key is good, but not for this: it is for ${roles.join(' and ')}`,
              standardSchema: problem,
            }),
          ),
        ]),
  );

/** Lets everybody in, without a key. */
export const Public = () =>
  applyDecorators(
    SetMetadata<string, Access>(ACCESS, 'public'),
    Describe((api) => api.ApiExtension(ROLES_EXTENSION, [])),
  );

/** Beside {@link Roles}: lets everybody in while this setting is true. */
export const PublicIf = (setting: OpeningSetting) => SetMetadata<string, OpeningSetting>(PUBLIC_IF, setting);
