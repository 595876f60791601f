import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { ApiProcess, type WireSnapshot } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { eventually } from './support/eventually.js';
import { valueOf } from './support/metric-value.js';

interface WireEvents {
  readonly events: readonly { readonly kind: string }[];
}

describe('the application beside a Vintage Story server', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;

  beforeAll(async () => {
    api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '0.5',
        VS_DATA_DIR: join(folder.path, 'data'),
        VS_SERVER_NAME: 'Snow "North" 北',
        VS_SERVER_COMMAND: `"${process.execPath}" "${resolve('examples/sample-server.mjs')}"`,
        VS_SERVER_AUTOSTART: 'true',
        VS_SERVER_STATS_INTERVAL: '2',
        SAMPLE_LOAD_PERCENT: '30',
        SAMPLE_SAVE_MS: '50',
        SAMPLE_CULTURE: 'de-DE',
      },
      folder.path,
    );
  });

  afterAll(async () => {
    await api.end();
    folder.remove();
  });

  const current = () => api.data<WireSnapshot | null>('metrics/current');
  const scrape = async () => (await api.request('metrics')).text();
  const told = async () => (await api.data<WireEvents>('events')).events.map(({ kind }) => kind);

  it('has every number of it, and of the machine, in a sample', async () => {
    // A game that answers late is for a while not known to tick.
    const sample = await eventually('a sample with all of it', async () => {
      const latest = await current();
      return (
        latest?.tickMs != null && latest.machineCpuPercent != null && latest.diskFreeMb != null && latest
      );
    });
    expect(sample.players).toBeGreaterThanOrEqual(0);
    expect(sample.tickMs).toBeGreaterThan(8);
    expect(sample.ticksPerSecond).toBeGreaterThan(0);
    expect(sample.gcHeapMb).toBeGreaterThan(50);
    expect(sample.gameThreads).toBeGreaterThan(2);
    expect(sample.machineMemoryAvailableMb).toBeGreaterThan(0);
  });

  it('tells Prometheus the same, in its units, with name and version as labels', async () => {
    const text = await eventually('a scrape with all of it', async () => {
      const latest = await scrape();
      return valueOf('vintagestory_tick_seconds', latest) !== undefined && latest;
    });
    expect(text).toContain(String.raw`vintagestory_server_info{name="Snow \"North\" 北",version="1.21.5"} 1`);
    expect(valueOf('vintagestory_players_online', text)).toBeGreaterThanOrEqual(0);
    expect(valueOf('vintagestory_tick_seconds', text)).toBeGreaterThan(0.008);
    expect(valueOf('vintagestory_ticks_per_second', text)).toBeGreaterThan(0);
    expect(valueOf('vintagestory_server_threads', text)).toBeGreaterThan(2);
    expect(valueOf('vintagestory_machine_cpu_seconds_total', text)).toBeGreaterThan(1);
    for (const name of ['machine_memory_available_bytes', 'disk_free_bytes'])
      expect(valueOf(`vintagestory_${name}`, text)).toBeGreaterThan(1024 * 1024);
  });

  it('tells what happened', async () => {
    await waitFor(async () => (await told()).includes('players_joined'));
    expect(await told()).toContain('game_ready');
  });

  it('knows nothing of it any more once it has stopped', async () => {
    await api.data('server/stop', 'POST');
    await waitFor(async () => (await api.data<GameServerStatus>('server/status')).state === 'stopped');
    await waitFor(async () => (await current())?.gameMemoryMb === null);
    expect(await current()).toMatchObject({ players: null, tickMs: null, gcHeapMb: null, gameThreads: null });
    const text = await scrape();
    for (const name of ['players_online', 'tick_seconds', 'ticks_per_second', 'server_threads'])
      expect(valueOf(`vintagestory_${name}`, text)).toBeUndefined();
    expect(text).toContain('version=""} 1');
    await waitFor(async () => (await told()).includes('game_stop_reason'));
  });
});

describe('the application beside a server that something else runs', () => {
  it('tells what its log says', async () => {
    const folder = temporaryFolder();
    const log = join(folder.path, 'world/Logs/server-main.log');
    const api = await ApiProcess.start(
      {
        VS_DATA_DIR: '',
        VS_SERVER_PID_FILE: join(folder.path, 'game.pid'),
        VS_SERVER_DATA_PATH: join(folder.path, 'world'),
      },
      folder.path,
    );
    try {
      mkdirSync(join(folder.path, 'world/Logs'), { recursive: true });
      writeFileSync(log, '');
      appendFileSync(
        log,
        '25.11.2026 22:16:39 [Warning] Server overloaded. A tick took 700ms to complete.\n',
      );
      await waitFor(async () =>
        (await api.data<WireEvents>('events')).events.some(({ kind }) => kind === 'tick_overload'),
      );
    } finally {
      await api.end();
      folder.remove();
    }
  });
});
