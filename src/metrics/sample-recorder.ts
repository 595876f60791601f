import { type MetricsSnapshot } from './metrics-snapshot.js';

/** What keeps every sample for good. The metrics hand each new one over before anybody else hears of it. */
export interface SampleRecorder {
  /** Keeps it before this returns, or sees to it later; throws nothing. */
  record(snapshot: MetricsSnapshot): void;
}
