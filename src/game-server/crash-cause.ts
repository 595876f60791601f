import { MEMORY_LIMIT_WORDS, type MemoryLimit } from './lowest-memory-limit.js';

/** A last sample this near to the limit makes a lack of memory the likely cause. */
const NEAR = 0.95;

/** What is known of an end that we did not bring about. */
export interface GameEnd {
  /** Both null: not known. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether the kernel killed something in its cgroup for lack of memory. */
  readonly oomKillRose: boolean;
  /** Of the last sample before the end. */
  readonly lastMemoryMb: number | null;
  readonly memoryLimit: MemoryLimit | null;
  /** What the game itself wrote after `Stop reason:`. */
  readonly stopReason: string | null;
}

/** How programs know it. */
export type CrashCauseName =
  | 'stopped'
  | 'out_of_memory'
  | 'probably_out_of_memory'
  | 'own_memory_limit'
  | 'too_many_errors'
  | 'disk_full'
  | 'exception'
  | 'signal'
  | 'exit_code'
  | 'unknown';

/** How a game died: a machine name, and a sentence. */
export interface CrashCause {
  readonly name: CrashCauseName;
  readonly text: string;
  /** False for an end that somebody wanted: by `/stop` in the game. */
  readonly isCrash: boolean;
}

/**
 * The game's own reasons for ending itself, as it writes them (1.20 and 1.21; it exits with 0 all the same). Any other reason
 * is somebody's wish: `/stop`, a signal, a mod.
 */
const OWN_REASONS: readonly (readonly [RegExp, CrashCauseName, string])[] = [
  [
    /\b(RAM|memory)\b/i,
    'own_memory_limit',
    'The game server stopped itself: it used more than DieAboveMemoryUsageMb.',
  ],
  [/\berrors\b/i, 'too_many_errors', 'The game server stopped itself: more errors than DieAboveErrorCount.'],
  [/\bdisk\b/i, 'disk_full', 'The game server stopped itself: less disk space than DieBelowDiskSpaceMb.'],
  [
    /\bexception\b/i,
    'exception',
    'The game server stopped itself after an exception, at its start or while running.',
  ],
];

const STOPPED_INSIDE: CrashCause = {
  name: 'stopped',
  text: 'The game server was stopped from inside the game.',
  isCrash: false,
};

/** Says how a game died. The reason that it wrote is matched, and never repeated: it may hold a name. */
export function crashCause(end: GameEnd): CrashCause {
  const { code, signal, stopReason } = end;
  const crash = (name: CrashCauseName, text: string): CrashCause => ({ name, text, isCrash: true });
  if (end.oomKillRose && (wasKilled(end) || (code === null && signal === null && stopReason === null))) {
    return crash(
      'out_of_memory',
      `The game server was killed by the kernel for lack of memory${memoryText(end)}.`,
    );
  }
  if (wasKilled(end) && isNearLimit(end)) {
    return crash(
      'probably_out_of_memory',
      `The game server was probably killed by the kernel for lack of memory${memoryText(end)}.`,
    );
  }
  if (signal !== null)
    return crash('signal', `The game server was ended by ${signal}, which was not sent by us.`);
  const own = stopReason === null ? undefined : OWN_REASONS.find(([pattern]) => pattern.test(stopReason));
  if (own !== undefined) return crash(own[1], own[2]);
  if (code === null && stopReason !== null) return STOPPED_INSIDE;
  if (code === null) return crash('unknown', 'The game server ended unasked; how is not known.');
  if (code !== 0) return crash('exit_code', `The game server ended with exit code ${code}.`);
  return stopReason === null
    ? { name: 'stopped', text: 'The game server ended by itself, with exit code 0.', isCrash: false }
    : STOPPED_INSIDE;
}

/** A shell or a launcher in front of the game tells its SIGKILL as exit code 128 + 9. */
function wasKilled({ code, signal }: GameEnd): boolean {
  return signal === 'SIGKILL' || code === 137;
}

function isNearLimit({ lastMemoryMb, memoryLimit }: GameEnd): boolean {
  return lastMemoryMb !== null && memoryLimit !== null && lastMemoryMb >= NEAR * memoryLimit.mb;
}

function memoryText({ lastMemoryMb, memoryLimit }: GameEnd): string {
  if (lastMemoryMb === null) return '';
  const used = ` (${Math.round(lastMemoryMb)} MB at the last sample`;
  if (memoryLimit === null) return `${used})`;
  return `${used}, of ${Math.round(memoryLimit.mb)} MB, ${MEMORY_LIMIT_WORDS[memoryLimit.source]})`;
}
