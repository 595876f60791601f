import { Logger } from '@nestjs/common';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../config/data-dir.js';
import { isGroupAlive } from './process-group.js';
import { processIdentity } from './process-identity.js';

const RETRY_MS = 1000;

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
  private readonly logger = new Logger(ServerRecord.name);
  private readonly file: string | null;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly dataDir: string) {
    this.file = dataDir === '' ? null : join(dataDir, 'game-server.json');
  }

  /** Remembers a process that was just started; tries again until the file can be written, or `clear` is called. */
  save(pid: number): void {
    clearTimeout(this.retry);
    const startedAt = new Date();
    let isReported = false;
    const attempt = () => {
      try {
        this.write(pid, startedAt);
        if (isReported) this.logger.log("The game server's pid is kept in VS_DATA_DIR now");
      } catch (error) {
        if (!isReported) {
          this.logger.warn(
            `The game server's pid cannot be kept in VS_DATA_DIR: ${(error as Error).message}. ` +
              'Until it is, a start after a crash of the API would not find the game.',
          );
        }
        isReported = true;
        this.retry = setTimeout(attempt, RETRY_MS).unref();
      }
    };
    attempt();
  }

  /** Forgets the process, which has ended. */
  clear(): void {
    clearTimeout(this.retry);
    if (this.file === null) return;
    try {
      rmSync(this.file, { force: true });
    } catch (error) {
      this.logger.warn(
        `The game server's pid cannot be removed from VS_DATA_DIR: ${(error as Error).message}`,
      );
    }
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

  private write(pid: number, startedAt: Date): void {
    const identity = processIdentity(pid);
    if (this.file === null || identity === null) return;
    makeFolder(this.dataDir);
    const text = JSON.stringify({
      pid,
      identity,
      startedAt: startedAt.toISOString(),
      manager: { pid: process.pid, identity: processIdentity(process.pid) ?? '' },
    });
    writeFileSync(`${this.file}.new`, `${text}\n`);
    renameSync(`${this.file}.new`, this.file);
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
