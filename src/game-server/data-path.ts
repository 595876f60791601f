import { resolve } from 'node:path';

/**
 * The folder of the game's data that a command names by `--dataPath DIR` or `--dataPath=DIR`, as seen from the folder in which it
 * runs; null when it names none.
 */
export function dataPathOf(command: readonly string[], cwd: string): string | null {
  const at = command.findLastIndex((word) => /^--dataPath(=|$)/.test(word));
  const word = command[at];
  if (word === undefined) return null;
  const path = word.includes('=') ? word.slice(word.indexOf('=') + 1) : (command[at + 1] ?? '');
  return path === '' ? null : resolve(cwd, path);
}
