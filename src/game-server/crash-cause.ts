import { MEMORY_LIMIT_WORDS, type MemoryLimit } from './lowest-memory-limit.js';

/** A last sample this near to the limit makes a lack of memory the likely cause. */
const NEAR = 0.95;

/** What is known of an end that nobody here asked for. */
export interface GameEnd {
  /** Both null: not known. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether that signal was sent by us. */
  readonly isOurSignal: boolean;
  /** Whether the kernel killed something in its cgroup for lack of memory. */
  readonly oomKillRose: boolean;
  /** Of the last sample before the end. */
  readonly lastMemoryMb: number | null;
  readonly memoryLimit: MemoryLimit | null;
  /** What the game itself wrote after `Stop reason:`. */
  readonly stopReason: string | null;
}

/** How a game died: a machine name, and a sentence. */
export interface CrashCause {
  readonly name:
    | 'stopped'
    | 'out_of_memory'
    | 'probably_out_of_memory'
    | 'own_memory_limit'
    | 'too_many_errors'
    | 'disk_full'
    | 'exception'
    | 'our_signal'
    | 'signal'
    | 'exit_code'
    | 'unknown';
  readonly text: string;
  /** False for an end that somebody wanted: by `/stop` in the game, or by us. */
  readonly isCrash: boolean;
}

/**
 * The game's own reasons for ending itself, as it writes them (1.20 and 1.21; it exits with 0 all the same). Any other reason
 * is somebody's wish: `/stop`, a signal, a mod.
 */
const OWN_REASONS: readonly (readonly [RegExp, CrashCause['name'], string])[] = [
  [/\b(RAM|memory)\b/i, 'own_memory_limit', 'It stopped itself: it used more than DieAboveMemoryUsageMb.'],
  [/\berrors\b/i, 'too_many_errors', 'It stopped itself: more errors than DieAboveErrorCount.'],
  [/\bdisk\b/i, 'disk_full', 'It stopped itself: less disk space than DieBelowDiskSpaceMb.'],
  [/\bexception\b/i, 'exception', 'It stopped itself after an exception, at its start or while running.'],
];

/** Says how a game died. The reason that it wrote is matched, and never repeated: it may hold a name. */
export function crashCause(end: GameEnd): CrashCause {
  const { code, signal, stopReason } = end;
  const crash = (name: CrashCause['name'], text: string): CrashCause => ({ name, text, isCrash: true });
  if (signal !== null && end.isOurSignal) {
    return { name: 'our_signal', text: `It was ended by us with ${signal}.`, isCrash: false };
  }
  if (end.oomKillRose && wasKilled(end)) {
    return crash('out_of_memory', `It was killed by the kernel for lack of memory${memoryText(end)}.`);
  }
  if (wasKilled(end) && isNearLimit(end)) {
    return crash(
      'probably_out_of_memory',
      `It was probably killed by the kernel for lack of memory${memoryText(end)}.`,
    );
  }
  if (signal !== null) return crash('signal', `It was ended by ${signal}, which was not sent by us.`);
  const own = stopReason === null ? undefined : OWN_REASONS.find(([pattern]) => pattern.test(stopReason));
  if (own !== undefined) return crash(own[1], own[2]);
  if (code === null) return crash('unknown', 'It ended; how is not known.');
  if (code !== 0) return crash('exit_code', `It ended with exit code ${code}.`);
  if (stopReason !== null) {
    return { name: 'stopped', text: 'It was stopped from inside the game.', isCrash: false };
  }
  return crash('exit_code', 'It ended with exit code 0, and did not say why.');
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
