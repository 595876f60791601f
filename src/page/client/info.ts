import { type Api } from './api.js';
import { type Clock } from './clock.js';
import { type Info } from './wire.js';

/** Asks for the info, and sets the clock by it. */
export async function requestInfo(api: Api, clock: Clock): Promise<Info> {
  const askedAt = performance.now();
  const info = await api.request<Info>('metrics/info');
  clock.set(Date.parse(info.now), askedAt, performance.now());
  return info;
}
