import { type JsonList } from '../../history/history-store.js';
import { okJson } from './success.js';

const bodies = new WeakMap<JsonList, Buffer>();

/** The body of an answer with samples; made once for a list that several clients get. */
export function samplesBody(list: JsonList): Buffer {
  let body = bodies.get(list);
  if (body === undefined) {
    body = okJson('{"metrics":', list.json, `,"count":${list.count}}`);
    bodies.set(list, body);
  }
  return body;
}

/** The body of an answer with events. */
export function eventsBody({ json, count }: JsonList): Buffer {
  return okJson('{"events":', json, `,"count":${count}}`);
}

/** The body of an answer with buckets. */
export function bucketsBody({ json, count, widthMs }: JsonList & { readonly widthMs: number }): Buffer {
  return okJson('{"metrics":', json, `,"count":${count},"bucketSeconds":${widthMs / 1000}}`);
}
