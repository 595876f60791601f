import { type MetricsSnapshot } from '../metrics/index.js';

const known = new WeakMap<MetricsSnapshot, string>();

/** A snapshot's JSON, made once: it never changes, and many clients ask for the same ones. */
export function snapshotJson(snapshot: MetricsSnapshot): string {
  let json = known.get(snapshot);
  if (json === undefined) {
    json = JSON.stringify(snapshot);
    known.set(snapshot, json);
  }
  return json;
}
