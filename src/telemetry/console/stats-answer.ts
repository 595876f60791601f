/** What the game said of itself in one answer to `/stats compact`. No name of a player is in it. */
export interface StatsAnswer {
  /** Players online. */
  readonly players: number;
  /** How many may be. */
  readonly maxPlayers: number;
  /** Average time of a tick in the last two seconds, ms; null when nothing ticked. */
  readonly tickMs: number | null;
  /** Ticks a second in the last two seconds; null when nothing ticked. */
  readonly ticksPerSecond: number | null;
  /** The .NET heap ("Memory usage Managed"), MiB; null when it was not told. */
  readonly gcHeapMb: number | null;
  /** The game's version; null when it was not told. */
  readonly version: string | null;
}

/** The line may begin with the time, in the machine's culture, and the kind of line. */
const START = /^(?:[\d.:/ -]*\[(?:Server )?Notification\] )?Version: /;
// The names of the players follow in parentheses; they are not looked at.
const PLAYERS = /^Players online: (\d{1,6}) \/ (\d{1,6})(?: \(|$)/;
const NUMBER = String.raw`(\d+(?:[.,]\d+)?)`;
const TICK_TIME = new RegExp(`^Last 2s Average Tick Time: ${NUMBER} ms$`);
const TICK_RATE = new RegExp(`^Last 2s Ticks/s: ${NUMBER}$`);
const MANAGED_MEMORY = new RegExp(`^Memory usage Managed/Total: ${NUMBER} ?Mb / `);
const VERSION = /^[\w.+() -]{1,40}$/;

/**
 * Reads a line of the game's console as an answer to `/stats compact`: fields joined by `;`, some of which may be missing
 * or empty, decimals with a point or a comma. Null for every other line, also one that quotes an answer; never throws.
 */
export function statsAnswerIn(line: string): StatsAnswer | null {
  const start = START.exec(line);
  if (start === null) return null;
  const [version = '', ...fields] = line.slice(start[0].length).split(';');
  const players = matchIn(fields, PLAYERS);
  if (players === null) return null;
  return {
    players: Number(players[1]),
    maxPlayers: Number(players[2]),
    tickMs: numberIn(fields, TICK_TIME),
    ticksPerSecond: numberIn(fields, TICK_RATE),
    gcHeapMb: numberIn(fields, MANAGED_MEMORY),
    version: VERSION.test(version) ? detached(version) : null,
  };
}

function numberIn(fields: readonly string[], pattern: RegExp): number | null {
  const digits = matchIn(fields, pattern)?.[1];
  return digits === undefined ? null : Number(digits.replace(',', '.'));
}

function matchIn(fields: readonly string[], pattern: RegExp): RegExpExecArray | null {
  for (const field of fields) {
    const match = pattern.exec(field);
    if (match !== null) return match;
  }
  return null;
}

/** A copy: a part of a text keeps all of it in memory, here the names of players. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}
