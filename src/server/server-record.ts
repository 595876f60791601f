import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isGroupAlive } from './process-group.js';
import { processIdentity } from './process-identity.js';

const processSchema = z.object({ pid: z.int().positive(), identity: z.string() });
const recordSchema = processSchema.extend({
  startedAt: z.string(),
  /** The API process that started the game, or took it over; records of older versions have none. */
  manager: processSchema.nullish(),
});

/**
 * The file that remembers which game server was started and by whom, so that after a crash of this process its
 * next run finds it again and no second server is put on the same world. Without a folder nothing is remembered.
 */
export class ServerRecord {
  private readonly file: string | null;

  constructor(private readonly dataDir: string) {
    this.file = dataDir === '' ? null : join(dataDir, 'game-server.json');
  }

  /** Remembers a process; throws when the file cannot be written. */
  save(pid: number): void {
    const identity = processIdentity(pid);
    if (this.file === null || identity === null) return;
    mkdirSync(this.dataDir, { recursive: true });
    const text = JSON.stringify({
      pid,
      identity,
      startedAt: new Date().toISOString(),
      manager: { pid: process.pid, identity: processIdentity(process.pid) ?? '' },
    });
    writeFileSync(`${this.file}.new`, `${text}\n`);
    renameSync(`${this.file}.new`, this.file);
  }

  /** Forgets the process, which has ended. */
  clear(): void {
    if (this.file !== null) rmSync(this.file, { force: true });
  }

  /** The remembered server, if it is alive itself and the process that managed it is not; else null. */
  orphan(): { readonly pid: number; readonly identity: string } | null {
    const record = this.read();
    if (record === null || processIdentity(record.pid) !== record.identity) return null;
    const { manager } = record;
    if (manager != null && processIdentity(manager.pid) === manager.identity) return null;
    return { pid: record.pid, identity: record.identity };
  }

  /** Pid of a remembered server that is still alive, itself or as the rest of its process group; else null. */
  alivePid(): number | null {
    const record = this.read();
    if (record === null) return null;
    const identity = processIdentity(record.pid);
    if (identity === record.identity) return record.pid;
    // The leader is gone. Its pid cannot be given out again while its group exists, so a group that bears
    // this number is still the one that was started, unless the machine was restarted since.
    const sameBoot = processIdentity(process.pid)?.split(' ')[0] === record.identity.split(' ')[0];
    return identity === null && sameBoot && isGroupAlive(record.pid) ? record.pid : null;
  }

  private read(): z.output<typeof recordSchema> | null {
    if (this.file === null) return null;
    try {
      return recordSchema.parse(JSON.parse(readFileSync(this.file, 'utf8')));
    } catch {
      return null;
    }
  }
}
