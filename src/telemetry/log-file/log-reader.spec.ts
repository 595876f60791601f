import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { EventLog } from '../../events/event-log.js';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { waitFor } from '../../testing/wait-for.js';
import { LogReader } from './log-reader.js';

/** So that each line can be told from all others. */
function overload(tickMs: number): string {
  return `25.11.2026 22:16:39 [Warning] Server overloaded. A tick took ${tickMs}ms to complete.\n`;
}

const POLL_MS = 200;

let folder: ReturnType<typeof temporaryFolder>;
let logs: string;
let file: string;
let log: EventLog;
let reader: LogReader;
let warnings: jest.SpiedFunction<Logger['warn']>;

beforeEach(() => {
  folder = temporaryFolder();
  logs = join(folder.path, 'Logs');
  file = join(logs, 'server-main.log');
  log = new EventLog();
  reader = new LogReader(folder.path, log, POLL_MS);
  warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
});

afterEach(async () => {
  await reader.close();
  expect(openInFolder()).toEqual([]);
  folder.remove();
  jest.restoreAllMocks();
});

/** What of the folder is open in this process, deleted files included. */
function openInFolder(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder.path) ? [path] : [];
    } catch {
      return [];
    }
  });
}

const kinds = () => log.newest.map(({ kind }) => kind);

async function start(text?: string): Promise<void> {
  if (text !== undefined) {
    mkdirSync(logs, { recursive: true });
    writeFileSync(file, text);
  }
  await reader.start();
}

describe('LogReader', () => {
  it('tells what is new, and not what stood there before', async () => {
    await start(overload(501));
    appendFileSync(file, `${overload(502)}25.11.2026 22:16:40 [Event] Player Alderwick left.\n`);
    await waitFor(() => log.newest.length === 2);
    expect(log.newest.map(({ kind, numbers }) => [kind, numbers])).toEqual([
      ['tick_overload', { count: 1, tickMs: 502 }],
      ['players_left', { count: 1 }],
    ]);
  });

  it('reads from the beginning a file, and a folder, that are created later', async () => {
    await start();
    mkdirSync(logs);
    writeFileSync(
      file,
      '25.11.2026 22:16:40 [Event] Dedicated Server now running on Port 42420 and all ips!\n',
    );
    await waitFor(() => log.newest.length === 1);
    expect(log.newest[0]).toMatchObject({ kind: 'game_ready', numbers: {} });
    expect(log.newest[0]?.text).toBe('The game server is ready: players can join.');
  });

  it('puts a line together that was written in two parts', async () => {
    await start('');
    appendFileSync(file, overload(502).slice(0, 60));
    await new Promise((done) => setTimeout(done, 2 * POLL_MS));
    appendFileSync(file, overload(502).slice(60));
    await waitFor(() => log.newest.length === 1);
  });

  it('reads the old file to its end when it is rotated, then the new one', async () => {
    await start(overload(501));
    appendFileSync(
      file,
      '25.11.2026 22:16:40 [Event] Player A left.\n25.11.2026 22:16:40 [Warning] Server over',
    );
    renameSync(file, join(logs, 'server-main-old.log'));
    writeFileSync(
      file,
      'loaded. A tick took 502ms to complete.\n25.11.2026 22:16:40 [Event] A 10.0.0.1:1 joins.\n',
    );
    await waitFor(() => log.newest.length === 2);
    // Half a line of the one and half of the other are none.
    expect(kinds()).toEqual(['players_left', 'players_joined']);
  });

  it('begins anew when the file is emptied', async () => {
    await start(overload(501).repeat(10));
    truncateSync(file);
    appendFileSync(file, overload(502));
    await waitFor(() => log.newest.length === 1);
    expect(log.newest[0]?.numbers.tickMs).toBe(502);
  });

  it('lets go of a deleted file, and reads the next one', async () => {
    await start(overload(501));
    rmSync(file);
    await waitFor(() => openInFolder().length === 0, 'the deleted file is let go of');
    writeFileSync(file, overload(502));
    await waitFor(() => log.newest.length === 1);
    expect(log.newest[0]?.numbers.tickMs).toBe(502);
  });

  it('takes a file for another one that was deleted and created between two looks', async () => {
    await start(overload(501).repeat(3));
    rmSync(file);
    writeFileSync(file, overload(502).repeat(5));
    await waitFor(() => log.newest.length === 1);
    expect(log.newest[0]?.numbers.tickMs).toBe(502);
  });

  it.each([
    [
      'a folder',
      () => {
        mkdirSync(file);
      },
    ],
    [
      'a pipe',
      () => {
        execFileSync('mkfifo', [file]);
      },
    ],
    [
      'a link that leads to itself',
      () => {
        symlinkSync(file, file);
      },
    ],
  ])('says once that it cannot follow %s, and follows the file that takes its place', async (_, put) => {
    mkdirSync(logs);
    put();
    await reader.start();
    await waitFor(() => warnings.mock.calls.length === 1);
    await new Promise((done) => setTimeout(done, 3 * POLL_MS));
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(warnings.mock.calls[0]?.[0]).toContain(`The game's log ${file} cannot be followed: `);
    rmSync(file, { recursive: true });
    writeFileSync(file, overload(502));
    await waitFor(() => log.newest.length === 1);
  });

  it('reads what was written before a folder took the file’s place', async () => {
    await start('');
    appendFileSync(file, overload(502));
    renameSync(file, join(logs, 'old.log'));
    mkdirSync(file);
    await waitFor(() => log.newest.length === 1 && openInFolder().length === 0);
  });

  it('follows a link to another disk', async () => {
    mkdirSync(logs);
    const elsewhere = join(folder.path, 'elsewhere.log');
    writeFileSync(elsewhere, '');
    symlinkSync(elsewhere, file);
    await start();
    appendFileSync(elsewhere, overload(502));
    await waitFor(() => log.newest.length === 1);
  });

  it('reads nothing of 100 MB that stood there before, and all of 40 MB that come at once', async () => {
    const noise = '25.11.2026 22:16:39 [Debug] nothing to see here, and nothing to be told of it at all\n';
    const block = noise.repeat(780) + overload(501);
    mkdirSync(logs);
    for (let written = 0; written < 100e6; written += 50 * block.length)
      appendFileSync(file, block.repeat(50));
    await reader.start();
    appendFileSync(file, `${block.repeat(600) + overload(502)}25.11.2026 22:16:40 [Event] Player A left.\n`);
    await waitFor(() => kinds().includes('players_left'));
    await reader.close();
    expect(log.newest.map(({ kind, numbers }) => [kind, numbers])).toEqual([
      ['tick_overload', { count: 1, tickMs: 501 }],
      ['players_left', { count: 1 }],
      ['tick_overload', { count: 600, tickMs: 502 }],
    ]);
  });
});
