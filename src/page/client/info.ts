import { type Api } from './api.js';
import { setClock } from './clock.js';
import { type Info } from './wire.js';

/** Asks for the info, and sets the page's clock by it. */
export async function requestInfo(api: Api): Promise<Info> {
  const askedAt = performance.now();
  const info = await api.request<Info>('metrics/info');
  setClock(Date.parse(info.now), askedAt, performance.now());
  return info;
}
