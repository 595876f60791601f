import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { constants } from 'node:os';
import { type MetricsSnapshot } from '../metrics/metrics-snapshot.js';
import { SERIES, SERIES_NAMES } from '../metrics/series.js';
import { type CgroupWatch } from '../process/linux/cgroup-watch.js';
import { type CrashCause, crashCause } from './crash-cause.js';
import { GameLimits } from './game-limits.js';
import { gameLogTail } from './game-log-tail.js';
import { type GameServerConfig } from './game-server.config.js';
import { LastSample } from './last-sample.js';
import { lastNamelessLines } from './nameless-lines.js';
import { type ProcessExit } from './running-game.js';
import { stopReasonIn } from './stop-reason.js';

const LINES_IN_LOG = 20;

/** What is known of a run that has ended. */
export interface EndedRun extends ProcessExit {
  /** The last lines that it wrote; null when its output was not ours to read. */
  readonly output: readonly string[] | null;
  /** How old it was; null when that is not known. */
  readonly uptimeSeconds: number | null;
}

/** How a run ended that we did not end. */
export interface ExplainedEnd {
  readonly cause: CrashCause;
  /** Whether it is ruled out that somebody stopped the game, by its own means or by a signal. */
  readonly isSure: boolean;
  /** For the log: the cause, the last sample before it, and the last lines without names. */
  readonly report: string;
}

/** Watches each run of the game from its start, to be able to say how it ended. */
@Injectable()
export class GameEnds {
  private readonly dataPath: string | null;

  constructor(
    config: ConfigService<{ server: GameServerConfig }, true>,
    private readonly limits: GameLimits,
    private readonly samples: LastSample,
  ) {
    this.dataPath = config.get('server.dataPath', { infer: true });
  }

  /** From now on this process is the game. Close what you get when it has ended. */
  watch(pid: number): CgroupWatch {
    return this.limits.watch(pid);
  }

  /** Says how the watched run has ended; it never rejects, and takes a few seconds at most. */
  async explain(watch: CgroupWatch, run: EndedRun): Promise<ExplainedEnd> {
    const { code, signal } = run;
    const lines = run.output ?? (await gameLogTail(this.dataPath, run.uptimeSeconds));
    const sample = this.samples.of(watch.pid);
    const cause = crashCause({
      code,
      signal,
      oomKillRose: watch.oomKillRose,
      lastMemoryMb: sample?.gameMemoryMb ?? null,
      memoryLimit: this.limits.memory(),
      stopReason: stopReasonIn(lines ?? []),
    });
    return {
      cause,
      isSure: cause.isCrash && !isWish(cause, run) && (cause.name !== 'unknown' || lines !== null),
      report: [`${cause.text} ${sampleText(sample)}`, ...linesText(lines)].join('\n'),
    };
  }
}

/** By these, people and their tools ask a program to end; a shell tells them as 128 + their number. */
const ASKING = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** Whether somebody outside may have asked it to end. */
function isWish({ name }: CrashCause, { code, signal }: ProcessExit): boolean {
  if (name === 'signal') return ASKING.some((asking) => asking === signal);
  return name === 'exit_code' && ASKING.some((asking) => code === 128 + constants.signals[asking]);
}

/** What the last sample says of the game. */
function sampleText(sample: MetricsSnapshot | null): string {
  if (sample === null) return 'No sample had measured it.';
  const values = SERIES_NAMES.flatMap((name) => {
    const value = sample[name];
    if (value === null || name.startsWith('api')) return [];
    const { label, unit } = SERIES[name];
    return [`${label} ${Math.round(value * 10) / 10}${unit === '' ? '' : ` ${unit}`}`];
  });
  return `The last sample, of ${sample.timestamp.toISOString()}: ${values.join(', ')}.`;
}

function linesText(lines: readonly string[] | null): string[] {
  if (lines === null) return ['Its output is not known.'];
  if (lines.length === 0) return ['It wrote nothing.'];
  const last = lastNamelessLines(lines, LINES_IN_LOG);
  return [`Its last lines (${last.length}):`, ...last];
}
