import { type MetricsSnapshot } from './metrics-snapshot.js';

/** What a game says of itself, as a sample has it; null where it is not known, or too old. */
export type GameTelemetryValues = Pick<
  MetricsSnapshot,
  'players' | 'tickMs' | 'ticksPerSecond' | 'gcHeapMb' | 'gcPausePercent' | 'gcPauseMaxMs'
>;

/**
 * What the metrics may ask of what the game says of itself. The class is the injection token; without a provider these
 * values are null.
 */
export abstract class GameTelemetry {
  /** As of now, of the process that is sampled; null: none runs. Read once for each sample; it must not wait or throw. */
  abstract read(gamePid: number | null): GameTelemetryValues;
}

/** Nothing is known. */
export const NO_TELEMETRY: GameTelemetryValues = Object.freeze({
  players: null,
  tickMs: null,
  ticksPerSecond: null,
  gcHeapMb: null,
  gcPausePercent: null,
  gcPauseMaxMs: null,
});
