import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TimelineEvent } from '../src/events/event.js';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { type MemoryLimit } from '../src/game-server/lowest-memory-limit.js';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { executable } from '../src/testing/game-programs.js';
import { inCgroup, memoryCgroups, withMemoryCgroup } from '../src/testing/memory-cgroup.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { valueOf } from './support/metric-value.js';

const MB = 1024 ** 2;
const LIMIT_MB = 180;

/** Says what a game says, and takes 2 MB of memory every 20 ms once `grow` is there. */
const game = (grow: string) => `
  const at = '25.11.2026 22:16:39';
  console.log(at + ' [Server Event] Alderwick [::1]:51342 joins.');
  console.log(at + ' [Server Warning] Alderwick is slow');
  const taken = [];
  setInterval(() => {
    if (require('node:fs').existsSync(${JSON.stringify(grow)})) taken.push(Buffer.alloc(2 * 1024 ** 2, 1));
  }, 20);`;

interface Info {
  gameMemoryLimit: MemoryLimit | null;
  gameDiskLimitMb: number | null;
}

(memoryCgroups === null ? describe.skip : describe)('a game that the kernel kills for lack of memory', () => {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder.path, name);
  let api: ApiProcess;
  let endCgroup = () => undefined as unknown;
  let cgroupGone: Promise<void>;

  beforeAll(async () => {
    const cgroup = await new Promise<string>((made, failed) => {
      cgroupGone = withMemoryCgroup((path) => {
        made(path);
        return new Promise<void>((done) => {
          endCgroup = () => {
            done();
          };
        });
      });
      cgroupGone.catch(failed);
    });
    writeFileSync(join(cgroup, 'memory.limit_in_bytes'), String(LIMIT_MB * MB));
    writeFileSync(file('game.cjs'), game(file('grow')));
    const [program = '', ...args] = inCgroup(cgroup, [process.execPath, file('game.cjs')]);
    executable(file('game.sh'), `#!/bin/sh\nexec ${[program, ...args].map(quoted).join(' ')}\n`);
    api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '0.1',
        VS_DATA_DIR: file('data'),
        VS_SERVER_COMMAND: file('game.sh'),
        VS_SERVER_DATA_PATH: folder.path,
        VS_SERVER_RESTART: 'on-crash',
        VS_SERVER_STOP_COMMAND: '',
      },
      folder.path,
    );
  });

  afterAll(async () => {
    await api.end();
    await api.kill();
    endCgroup();
    await cgroupGone;
    folder.remove();
  });

  const info = () => api.data<Info>('metrics/info');
  const status = () => api.data<GameServerStatus>('server/status');
  const scraped = async () => (await api.request('metrics')).text();

  it('has a limit, the lowest of its cgroup, its own and the machine', async () => {
    await api.data('server/start', 'POST');
    await waitFor(async () => (await info()).gameMemoryLimit?.source === 'cgroup');
    expect(await info()).toMatchObject({
      gameMemoryLimit: { mb: LIMIT_MB, source: 'cgroup' },
      gameDiskLimitMb: null,
    });
    expect(await scraped()).toContain(
      `\nvintagestory_server_memory_limit_bytes{source="cgroup"} ${LIMIT_MB * MB}\n`,
    );
    writeFileSync(file('serverconfig.json'), '{"DieAboveMemoryUsageMb": 100, "DieBelowDiskSpaceMb": 400}');
    await waitFor(async () => (await info()).gameDiskLimitMb === 400);
    expect((await info()).gameMemoryLimit).toEqual({ mb: 100, source: 'game' });
    // Broken, as an editor may leave it: what it said before counts.
    writeFileSync(file('serverconfig.json'), '{"DieAbove');
    writeFileSync(file('serverconfig.json'), '{"DieAboveMemoryUsageMb": 50000}');
    await waitFor(async () => (await info()).gameDiskLimitMb === null);
    expect((await info()).gameMemoryLimit).toEqual({ mb: LIMIT_MB, source: 'cgroup' });
    const limits = (await scraped()).match(/^vintagestory_server_memory_limit_bytes\{.*$/gm);
    expect(limits).toHaveLength(1);
  });

  it('is told as one, with the last sample in the log and no name', async () => {
    await waitFor(async () => ((await api.history()).at(-1)?.gameMemoryMb ?? 0) > 10);
    writeFileSync(file('grow'), '');
    await waitFor(async () => (await status()).restartAt !== null);
    const cause = new RegExp(
      `^The game server was killed by the kernel for lack of memory \\(\\d+ MB at the last sample, of ${LIMIT_MB} MB, of its cgroup\\)\\.`,
    );
    expect(await status()).toMatchObject({
      state: 'stopped',
      lastExitSignal: 'SIGKILL',
      lastError: expect.stringMatching(new RegExp(`${cause.source} It is started again in 10 s\\.$`)),
    });
    const { events } = await api.data<{ events: TimelineEvent[] }>('events');
    expect(events.find(({ kind }) => kind === 'game_crashed')?.text).toMatch(cause);
    expect(api.output).toMatch(
      /for lack of memory .* The last sample, of \S+Z: Game memory \d+(\.\d)? MiB, /,
    );
    expect(api.output).toContain('[Server Warning] … is slow');
    expect(api.output).not.toContain('Alderwick');
  });

  it('is started again after 10 s, and counted, unless it is stopped meanwhile', async () => {
    rmSync(file('grow'));
    await waitFor(async () => (await status()).state === 'running');
    const { events } = await api.data<{ events: TimelineEvent[] }>('events');
    // Its player may have joined already.
    const life = events.filter(({ kind }) => kind.startsWith('game_'));
    const [starting, restarted, ...before] = life;
    expect([starting?.kind, restarted?.kind]).toEqual(['game_starting', 'game_restarted']);
    const crashed = before.find(({ kind }) => kind === 'game_crashed');
    const pausedMs = Date.parse(String(restarted?.timestamp)) - Date.parse(String(crashed?.timestamp));
    expect(pausedMs).toBeGreaterThan(9900);
    const metrics = await scraped();
    expect(valueOf('vintagestory_server_starts_total', metrics)).toBe(2);
    expect(valueOf('vintagestory_server_crashes_total', metrics)).toBe(1);

    writeFileSync(file('grow'), '');
    await waitFor(async () => (await status()).restartAt !== null);
    expect((await status()).lastError).toMatch(/ It is started again in 20 s, its crash number 2 in 24 h\.$/);
    expect(await api.data('server/stop', 'POST')).toMatchObject({ state: 'stopped', restartAt: null });
  });
});

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
