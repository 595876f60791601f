import { type Api } from './api.js';
import { type Clock } from './clock.js';
import { HELD_SAMPLES, type Point, toPoint } from './samples.js';
import { type Bucket, type Sample } from './wire.js';

/** In how many steps the page finds out where the samples that it will hold begin. */
const STEPS = 1000;

/** The newest samples of the API's memory, oldest first. */
export interface Tail {
  readonly points: readonly Point[];
  /** Whether the API has had no others. */
  readonly areAll: boolean;
}

/** Asks a memory of this capacity for as many of the newest samples as the page holds; no others are sent. */
export async function requestTail(api: Api, capacity: number, clock: Clock): Promise<Tail> {
  if (capacity <= HELD_SAMPLES) {
    const points = await requestPoints(api, 'metrics/history');
    return { points, areAll: points.length < capacity };
  }
  // Counted first: the interval may have been any other one than today's.
  const { metrics } = await api.request<{ metrics: Bucket[] }>(`metrics/history?points=${STEPS}`);
  let count = 0;
  let first = metrics.length;
  for (; first > 0; first--) {
    count += metrics[first - 1]?.sampleCount ?? 0;
    if (count > HELD_SAMPLES) break;
  }
  const begin = metrics[first];
  if (begin === undefined) return { points: [], areAll: metrics.length === 0 };
  const minutes = Math.max(1, Math.ceil((clock.now - Date.parse(begin.timestamp) / 1000) / 60));
  return { points: await requestPoints(api, `metrics/history?minutes=${minutes}`), areAll: first === 0 };
}

async function requestPoints(api: Api, path: string): Promise<Point[]> {
  return (await api.request<{ metrics: Sample[] }>(path)).metrics.map(toPoint);
}
