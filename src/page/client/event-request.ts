import { type Api } from './api.js';
import { type EventsAnswer, toPastEvent } from './events.js';
import { type Span } from './span.js';
import { type EventsBody } from './wire.js';
import { MAX_EVENTS } from '../../http/contract.js';

/** Asks for the newest events, or for the newest of a span; `from` and `to` may be left out. */
export async function requestEvents(api: Api, { from, to }: Partial<Span> = {}): Promise<EventsAnswer> {
  const query = new URLSearchParams({ limit: String(MAX_EVENTS) });
  if (from !== undefined) query.set('from', new Date(from * 1000).toISOString());
  if (to !== undefined) query.set('to', new Date(to * 1000).toISOString());
  const { events } = await api.request<EventsBody>(`events?${query.toString()}`);
  return { events: events.map(toPastEvent), areAll: events.length < MAX_EVENTS };
}
