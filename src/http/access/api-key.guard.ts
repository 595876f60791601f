import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Reflector } from '@nestjs/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type IncomingHttpHeaders } from 'node:http';
import { ACCESS, type Access, PUBLIC_IF, type PublicCondition } from './access.decorator.js';
import { KEY_HEADER } from '../contract.js';
import { ApiKeys } from './api-keys.js';
import { type HttpConfig } from '../http.config.js';
import { wrongKey } from './wrong-keys.js';

/** Guards every route: what a handler does not allow is denied. The key comes as `X-API-Key` or Bearer token. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeys,
    private readonly config: ConfigService<{ http: HttpConfig }, true>,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    if (access === 'public') return true;
    const isPublic = this.reflector.get<PublicCondition | undefined>(PUBLIC_IF, context.getHandler());
    if (isPublic?.(this.config.get('http', { infer: true })) === true) return true;

    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = presentedKey(request.headers);
    if (key === null) throw new UnauthorizedException('A key is needed: X-API-Key or Authorization: Bearer.');
    const role = this.keys.roleOf(key);
    if (role === null) throw await wrongKey(request, http.getResponse<FastifyReply>());
    if (access?.includes(role) !== true)
      throw new ForbiddenException(`This route is not for the ${role} key.`);
    return true;
  }
}

/** The key that a request comes with, or null when it comes with none. */
export function presentedKey(headers: IncomingHttpHeaders): string | null {
  const apiKey = headers[KEY_HEADER];
  if (typeof apiKey === 'string' && apiKey !== '') return apiKey;
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
