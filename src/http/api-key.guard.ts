import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Reflector } from '@nestjs/core';
import { type IncomingHttpHeaders } from 'node:http';
import { ACCESS, type Access, type OpeningSetting, PUBLIC_IF } from './access.decorator.js';
import { ApiKeys } from './api-keys.js';
import { type HttpConfig } from './http.config.js';

/** Guards every route: what a handler does not allow is denied. The key comes as `X-API-Key` or Bearer token. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeys,
    private readonly config: ConfigService<{ http: HttpConfig }, true>,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    if (access === 'public') return true;
    const setting = this.reflector.get<OpeningSetting | undefined>(PUBLIC_IF, context.getHandler());
    if (setting !== undefined && this.config.get('http', { infer: true })[setting]) return true;

    const { headers } = context.switchToHttp().getRequest<{ headers: IncomingHttpHeaders }>();
    const key = presentedKey(headers);
    if (key === null) throw new UnauthorizedException('A key is needed: X-API-Key or Authorization: Bearer.');
    const role = this.keys.roleOf(key);
    if (role === null) throw new UnauthorizedException('This key is not known.');
    if (access?.includes(role) !== true)
      throw new ForbiddenException(`This route is not for the ${role} key.`);
    return true;
  }
}

function presentedKey(headers: IncomingHttpHeaders): string | null {
  const apiKey = headers['x-api-key'];
  if (typeof apiKey === 'string' && apiKey !== '') return apiKey;
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
