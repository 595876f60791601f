import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type ConfigService } from '@nestjs/config';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Subject } from 'rxjs';
import { EventLog } from '../events/event-log.js';
import { type GameLimits } from '../game-server/game-limits.js';
import { type GameServer } from '../game-server/game-server.js';
import { type HistoryService } from '../history/history.service.js';
import { type MetricsScheduler, type MetricsService, type MetricsSnapshot } from '../metrics/index.js';
import { hasEnded } from '../testing/game-programs.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { waitFor } from '../testing/wait-for.js';
import { answering, WebhookReceiver } from '../testing/webhook-receiver.js';
import { type AlertsConfig } from './alerts.config.js';
import { AlertsService } from './alerts.service.js';

const CRASH = {
  exitCode: 3,
  signal: null,
  cause: 'exit_code',
  how: 'The game server ended with exit code 3.',
};

let folder: ReturnType<typeof temporaryFolder>;
let receiver: WebhookReceiver;
let log: string[];
let events: EventLog;
let snapshots: Subject<MetricsSnapshot>;
/** What the rest of the application says. */
let around: { degraded: string | null; pid: number | null; lastError: string | null };
const running: AlertsService[] = [];
let other: ChildProcess | undefined;

beforeEach(async () => {
  folder = temporaryFolder();
  receiver = await WebhookReceiver.start([answering(204)]);
  events = new EventLog();
  snapshots = new Subject();
  around = { degraded: null, pid: null, lastError: null };
  log = [];
  for (const level of ['log', 'warn', 'error'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((text: string) => {
      log.push(`${level}: ${text}`);
    });
  }
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(stop));
  await receiver.stop();
  if (other !== undefined) {
    other.kill('SIGKILL');
    await hasEnded(other);
    other = undefined;
  }
  jest.restoreAllMocks();
  folder.remove();
});

function start(settings: Partial<AlertsConfig> = {}): AlertsService {
  const alerts: AlertsConfig = {
    webhook: receiver.address(),
    thresholds: { memoryPercent: 90, tickMs: 100, cpuPercent: 0, diskFreeMb: 2048 },
    forMs: 500,
    serverName: 'My world',
    publicUrl: '',
    dataDir: folder.path,
    ...settings,
  };
  const service = new AlertsService(
    { get: () => alerts } as unknown as ConfigService<{ alerts: AlertsConfig }, true>,
    { snapshots$: snapshots } as unknown as MetricsService,
    { intervalSeconds: 3600 } as MetricsScheduler,
    {
      get degraded() {
        if (around.degraded === 'throw') throw new Error('no answer');
        return around.degraded;
      },
    } as HistoryService,
    {
      get gameServerPid() {
        return around.pid;
      },
      get status() {
        return { state: 'stopped', lastError: around.lastError };
      },
    } as GameServer,
    { memory: () => null, dieBelowDiskSpaceMb: () => null } as unknown as GameLimits,
    events,
  );
  service.onModuleInit();
  running.push(service);
  return service;
}

async function stop(service: AlertsService): Promise<void> {
  service.onModuleDestroy();
  await service.onApplicationShutdown();
}

const messages = () =>
  receiver.received.map(({ body }) => JSON.parse(body) as { rule: string; status: string; text: string });
const kept = () =>
  JSON.parse(readFileSync(join(folder.path, 'alerts.json'), 'utf8')) as {
    rules: { down: { crashes: number } | null };
  };

describe('AlertsService', () => {
  it('has kept a crash before it returns, and tells it with what is done about it', async () => {
    start();
    events.tell('game_crashed', CRASH);
    expect(kept().rules.down).toMatchObject({ crashes: 1, toldAt: null });
    expect(messages()).toEqual([]);
    around.lastError = `${CRASH.how} It is started again in 10 s.`;
    await waitFor(() => receiver.received.length > 0);
    expect(messages()).toMatchObject([
      { rule: 'game', status: 'firing', text: `${CRASH.how} It is started again in 10 s.` },
    ]);
    expect(events.newest.map(({ text }) => text)).toEqual([CRASH.how, 'Alert: the game server crashed.']);
    expect(log).toEqual(['warn: Alert: the game server crashed']);
    around.pid = 1;
    await waitFor(() => receiver.received.length > 1);
    expect(messages()[1]).toMatchObject({ status: 'resolved', text: 'The game server runs again.' });
    expect(kept().rules.down).toBeNull();
    expect(events.newest.at(-1)?.text).toBe('Alert over: the game server crashed.');
  });

  it('works without a webhook, and throws away what waits from before', () => {
    const at = '2026-01-01T00:00:00Z';
    const down = { since: at, crashes: 1, how: 'It died.', toldAt: at };
    writeFileSync(
      join(folder.path, 'alerts.json'),
      JSON.stringify({
        rules: { firing: {}, down },
        waiting: [
          {
            ...{ id: '1', server: 'x', rule: 'game', status: 'firing', level: 'error', what: 'x', text: '' },
            ...{ measure: null, since: at, timestamp: at, count: 1, link: null },
          },
        ],
      }),
    );
    const service = start({ webhook: null });
    expect(service.overview.rules[0]).toMatchObject({ rule: 'game', state: 'firing', since: new Date(at) });
    expect(service.overview.webhook).toEqual({
      isConfigured: false,
      kind: null,
      waiting: 0,
      problem: null,
    });
    expect(log).toEqual([expect.stringMatching(/^warn: .*thrown away.*: 1$/)]);
    expect(kept()).toMatchObject({ waiting: [], rules: { down } });
    expect(() => {
      service.sendTest();
    }).toThrow('No webhook is configured');
  });

  it('works without a data folder, and sends one test message for many that are asked for', async () => {
    const service = start({ dataDir: '' });
    for (let i = 0; i < 300; i++) service.sendTest();
    await waitFor(() => service.overview.webhook.waiting === 0);
    expect(messages()).toMatchObject([{ rule: 'test', status: 'test' }]);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('leaves everything to another copy that has the data folder, until that ends', async () => {
    const lock = join(folder.path, 'metrics.lock');
    other = spawn(
      process.execPath,
      [
        '-e',
        `const Database = require('libsql'); const db = new Database(${JSON.stringify(lock)});
         db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE'); process.stdout.write('locked');
         setInterval(() => undefined, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    if (other.stdout !== null) await once(other.stdout, 'data');
    const service = start();
    events.tell('game_crashed', CRASH);
    expect(() => {
      service.sendTest();
    }).toThrow('Another copy of this app has the folder');
    expect(existsSync(join(folder.path, 'alerts.json'))).toBe(false);
    other.kill('SIGKILL');
    await hasEnded(other);
    await waitFor(() => {
      try {
        service.sendTest();
        return true;
      } catch {
        return false;
      }
    });
    await waitFor(() => receiver.received.length > 0);
    expect(messages()).toMatchObject([{ rule: 'test' }]);
  });

  it('goes on after an error, and logs the first of a row', async () => {
    start();
    around.degraded = 'throw';
    for (let i = 0; i < 3; i++) {
      snapshots.next({ timestamp: new Date(), gameMemoryMb: null, gameCpuPercent: null } as MetricsSnapshot);
    }
    await waitFor(() => log.length === 2);
    expect(log.toSorted()).toEqual([
      'error: The alerts could not take in a sample',
      'error: The alerts could not take in the time',
    ]);
    around.degraded = 'the disk is full';
    await waitFor(() => receiver.received.length > 0);
    expect(messages()).toMatchObject([{ rule: 'history', status: 'firing' }]);
  });
});
