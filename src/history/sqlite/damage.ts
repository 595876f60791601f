import { renameSync, rmSync, statSync } from 'node:fs';
import { findDamage } from './archive-inspection.js';
import { isWalOf } from './wal-origin.js';

/** SQLite's write-ahead log of a file. */
export function walOf(path: string): string {
  return `${path}-wal`;
}

/**
 * Sets aside what would spoil the archive: a WAL of another file (a backup was copied over the archive), one that
 * damages it, or the archive itself when it is damaged. Nothing may have the file open.
 */
export async function setDamageAside(
  path: string,
  header: Buffer,
  say: (text: string) => void,
): Promise<void> {
  if (isWalOf(header, walOf(path)) === false) {
    say(`The WAL beside ${path} is not of this file, and is now ${moveWalAside(path)}`);
  }
  if (header.length === 0) return;
  const damage = await findDamage(path);
  if (damage === null) return;
  const hasWal = (statSync(walOf(path), { throwIfNoEntry: false })?.size ?? 0) > 0;
  const walAside = hasWal ? moveWalAside(path) : '';
  if (hasWal && (await findDamage(path)) === null) {
    say(`The WAL beside ${path} does not fit it (${damage}), and is now ${walAside}`);
    return;
  }
  moveAside(path, damage, say);
}

/** Sets an archive aside that nothing has open any more. */
export function moveAside(path: string, damage: string, say: (text: string) => void): void {
  moveWalAside(path);
  const aside = asideOf(path);
  renameSync(path, aside);
  say(`${path} is damaged (${damage}), and is now ${aside}; a new one is begun`);
}

/** Gives its new name, by which SQLite finds it beside a file that is set aside too. */
function moveWalAside(path: string): string {
  const aside = walOf(asideOf(path));
  rmSync(`${path}-shm`, { force: true });
  if (statSync(walOf(path), { throwIfNoEntry: false }) !== undefined) renameSync(walOf(path), aside);
  return aside;
}

function asideOf(path: string): string {
  return `${path}.corrupt-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
}
