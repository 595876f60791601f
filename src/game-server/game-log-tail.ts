import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const TAIL_BYTES = 64 * 1024;
/** Its disk may hang. */
const MAX_WAIT_MS = 3000;
/** A log that began so shortly before a game's end is that of the next one. */
const NEWBORN_MS = 2000;
/** Ages are known to the second. */
const TOLERANCE_MS = 1000;

/**
 * The last lines of `Logs/server-main.log` below a game's data folder, of a run of this age that has just ended; null when there is
 * none, it is of another run, or it cannot be read soon.
 */
export async function gameLogTail(
  dataPath: string | null,
  uptimeSeconds: number | null,
): Promise<string[] | null> {
  if (dataPath === null || uptimeSeconds === null) return null;
  const late = new AbortController();
  try {
    const path = join(dataPath, 'Logs', 'server-main.log');
    // The age is as of now; opening the file may take long.
    const reading = read(path, uptimeSeconds * 1000, Date.now()).catch(() => null);
    return await Promise.race([reading, delay(MAX_WAIT_MS, null, { signal: late.signal, ref: false })]);
  } finally {
    late.abort();
  }
}

async function read(path: string, uptimeMs: number, nowMs: number): Promise<string[] | null> {
  const file = await open(path, 'r');
  try {
    const { size, mtimeMs, birthtimeMs } = await file.stat();
    if (nowMs - mtimeMs > uptimeMs + TOLERANCE_MS || nowMs - birthtimeMs < NEWBORN_MS) return null;
    const from = Math.max(0, size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return from === 0 ? lines : lines.slice(1);
  } finally {
    await file.close();
  }
}
