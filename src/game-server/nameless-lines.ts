import { GAME_LINE } from './game-line.js';

/** Lines that are what players write, or about who they are. */
const PRIVATE = /^(?:Chat|Audit)$/;
/** Where names stand in the game's own lines: one, or a list. */
const NAMES: readonly RegExp[] = [
  /^(\S+) \S* ?joins\.$/,
  /\bPlayer (\S+)/gi,
  /\bName: ?(\S+)/gi,
  /\bPlayers online: [^;]*\(([^)]*)\)/g,
];
/** What comes behind these is somebody's, or about somebody. */
const REST = /\b(Stop reason:|Handling Console Command \S+|uid) .*$/i;
const ADDRESS =
  /(?<![\w.])(?:::ffff:)?(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.])|\[[\da-f.]*:[\da-f:.]*\](?::\d+)?/gi;
const TOO_SHORT = 3;

/** The last of these lines of a game's output, without names of players, what they wrote, and addresses: as far as the lines themselves tell. */
export function lastNamelessLines(lines: readonly string[], count: number): string[] {
  const names = namesIn(lines);
  return lines.slice(-count).map((line) => {
    const [prefix, kind] = GAME_LINE.exec(line) ?? [''];
    if (kind !== undefined && PRIVATE.test(kind)) return `${prefix}…`;
    const message = line.slice(prefix.length).replace(REST, '$1 …').replace(ADDRESS, '…');
    return prefix + (names === null ? message : message.replace(names, '…'));
  });
}

function namesIn(lines: readonly string[]): RegExp | null {
  const names = new Set<string>();
  for (const line of lines) {
    const prefix = GAME_LINE.exec(line)?.[0];
    if (prefix === undefined) continue;
    const message = line.slice(prefix.length);
    for (const pattern of NAMES) {
      for (const [, found = ''] of message.matchAll(
        new RegExp(pattern, `${pattern.flags.replace('g', '')}g`),
      )) {
        for (const name of found.split(/, */)) names.add(name.replace(/[.,:;!]+$/, ''));
      }
    }
  }
  const known = [...names].filter((name) => name.length >= TOO_SHORT);
  if (known.length === 0) return null;
  const words = known.sort((a, b) => b.length - a.length).map((name) => name.replace(/[^\w]/g, '\\$&'));
  return new RegExp(`(?<!\\w)(?:${words.join('|')})(?!\\w)`, 'g');
}
