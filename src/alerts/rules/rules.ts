import { type AlertRule, type SampleView } from './alert-rule.js';
import { valueRule } from './value-rule.js';

/** So many intervals without a sample are not chance. */
const MISSED_SAMPLES = 3;

/** Zero switches a rule off. */
const unlessOff = (threshold: number) => (threshold === 0 ? null : threshold);

/** The rules that look at each snapshot. */
export const SAMPLE_RULES: readonly AlertRule<SampleView>[] = [
  valueRule({
    name: 'memory',
    level: 'warning',
    what: 'Memory is near its limit',
    unit: 'MB',
    isOfGame: true,
    value: (sample) => sample.gameMemoryMb,
    threshold: ({ limits: { memoryLimit }, thresholds }) =>
      memoryLimit === null ? null : unlessOff((memoryLimit.mb * thresholds.memoryPercent) / 100),
    text: ({ limits: { memoryLimit }, thresholds }) =>
      `The game server uses more than ${thresholds.memoryPercent} % of ${Math.round(memoryLimit?.mb ?? 0)} MB, ` +
      `its lowest limit (${memoryLimit?.what ?? ''}).`,
  }),
  valueRule({
    name: 'tick',
    level: 'warning',
    what: 'Ticks take too long',
    unit: 'ms',
    isOfGame: true,
    value: (sample) => sample.tickMs ?? null,
    threshold: ({ thresholds }) => unlessOff(thresholds.tickMs),
    text: () => 'The average tick of the game server is too long, 33 ms is normal: players feel it as lag.',
  }),
  valueRule({
    name: 'cpu',
    level: 'warning',
    what: 'CPU use is high',
    unit: '%',
    isOfGame: true,
    value: (sample) => sample.gameCpuPercent,
    threshold: ({ thresholds }) => unlessOff(thresholds.cpuPercent),
    text: () => 'The game server uses more CPU than was allowed for (100 % is one core).',
  }),
  valueRule({
    name: 'disk',
    level: 'error',
    what: 'The disk is nearly full',
    unit: 'MB',
    isOfGame: false,
    isBelow: true,
    value: (sample) => sample.diskFreeMb ?? null,
    threshold: ({ limits: { dieBelowDiskFreeMb }, thresholds: { diskFreeMb } }) =>
      // In time, also for a game that gives up early.
      diskFreeMb === 0 ? null : Math.max(diskFreeMb, 2 * (dieBelowDiskFreeMb ?? 0)),
    text: ({ limits: { dieBelowDiskFreeMb } }) =>
      "There is little room left on the disk of the game's data. " +
      (dieBelowDiskFreeMb === null
        ? 'A world that cannot be saved is lost.'
        : `The game stops itself below ${dieBelowDiskFreeMb} MB (DieBelowDiskSpaceMb).`),
  }),
];

/** The rules that also hold while no snapshot comes; they look at every beat. */
export const BEAT_RULES: readonly AlertRule[] = [
  {
    name: 'samples',
    level: 'error',
    what: 'No samples are taken',
    look: ({ around: { intervalSeconds }, sinceSampleMs }) => {
      if (intervalSeconds === 0) return null;
      const threshold = MISSED_SAMPLES * intervalSeconds;
      const holds = sinceSampleMs > threshold * 1000;
      return {
        holds,
        isClear: !holds,
        measure: { value: Math.round(sinceSampleMs / 1000), threshold, unit: 's' },
      };
    },
    text: () =>
      'The collection is on, and no sample comes: what happens now is not recorded. The log says why.',
  },
  {
    name: 'history',
    level: 'warning',
    what: 'The history is not all kept',
    look: ({ around: { isHistoryDegraded } }) => ({
      holds: isHistoryDegraded,
      isClear: !isHistoryDegraded,
      measure: null,
    }),
    text: () => 'Samples cannot be written to the history in VS_DATA_DIR; the log says why.',
  },
];
