import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigService } from '@nestjs/config';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EventLog } from '../events/event-log.js';
import { type GameServer } from '../game-server/game-server.js';
import { type GameServerConfig } from '../game-server/game-server.config.js';
import { processIdentity } from '../process/process-identity.js';
import { NO_TELEMETRY } from '../metrics/game-telemetry.js';
import { groupMembers, idleGame, nodeProgram } from '../testing/game-programs.js';
import { gameServerLife, pidOf, reach } from '../testing/game-server-life.js';
import { hasOpenFile } from '../testing/kernel.js';
import { waitFor } from '../testing/wait-for.js';
import { DotnetTelemetry } from './dotnet/dotnet-telemetry.js';
import { type GcSample } from './dotnet/gc-meter.js';
import { GameTelemetryService } from './game-telemetry.service.js';
import { type TelemetryConfig } from './telemetry.config.js';

const ASK_EVERY_MS = 300;
const READY = '25.11.2026 22:16:39 [Server Event] Dedicated Server now running on Port 42420 and all ips!';
const OVERLOAD = '25.11.2026 22:16:39 [Warning] Server overloaded. A tick took 700ms to complete.\n';

const answer = (players: string) =>
  `25.11.2026 22:16:39 [Server Notification] Version: 1.21.5;Players online: ${players} / 16;;Last 2s Average Tick Time: 33,7 ms`;

/** The sample server, with variables of its own. */
function sampleServer(...variables: string[]): string[] {
  return [
    'env',
    'SAMPLE_LOAD_PERCENT=10',
    ...variables,
    process.execPath,
    resolve('examples/sample-server.mjs'),
  ];
}

/** A game that writes down what it reads on its console, and does something with each line of it. */
function listeningGame(heard: string, first: string, onLine: string): string[] {
  return nodeProgram(`
    const fs = require('node:fs');
    const print = (text) => console.log(text);
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      fs.appendFileSync(${JSON.stringify(heard)}, line + '\\n');
      ${onLine}
    });
    setInterval(() => undefined, 1000);
    fs.appendFileSync(${JSON.stringify(heard)}, '');
    ${first}`);
}

describe('what a game says of itself', () => {
  const { file, build, attach, exists } = gameServerLife();
  let log: EventLog;
  const telemetries: GameTelemetryService[] = [];

  beforeEach(() => {
    log = new EventLog();
  });
  afterEach(() => {
    for (const telemetry of telemetries.splice(0)) telemetry.onApplicationShutdown();
  });

  function listenTo(
    server: GameServer,
    statsIntervalMs = ASK_EVERY_MS,
    gc: () => GcSample | null = () => null,
  ): GameTelemetryService {
    const telemetry: TelemetryConfig = {
      statsCommand: '/stats compact',
      statsIntervalMs,
      readsDotnet: false,
    };
    const config = new ConfigService<{ telemetry: TelemetryConfig }, true>({ telemetry });
    const dotnet = new DotnetTelemetry(config, log);
    dotnet.read = gc;
    const service = new GameTelemetryService(config, server, log, dotnet);
    telemetries.push(service);
    service.onModuleInit();
    return service;
  }

  const kinds = () => log.newest.map(({ kind }) => kind);
  const heard = () => (existsSync(file('heard')) ? readFileSync(file('heard'), 'utf8') : '');
  const run = (command: string[], settings: Partial<GameServerConfig> = {}) => build(command, settings);

  it('is asked, and read under a culture with a comma', async () => {
    const server = run(sampleServer('SAMPLE_CULTURE=de-DE', 'SAMPLE_LOAD_PERCENT=40'));
    const telemetry = listenTo(server);
    await server.start();
    let printed = '';
    server.console?.output$.subscribe((chunk) => (printed += chunk.toString()));
    const pid = pidOf(server);
    expect(telemetry.read(pid)).toEqual(NO_TELEMETRY);
    await waitFor(() => telemetry.read(pid).tickMs !== null);
    const { players, tickMs, ticksPerSecond, gcHeapMb, gcPausePercent } = telemetry.read(pid);
    expect(players).toBeGreaterThanOrEqual(0);
    const tick = [...printed.matchAll(/Average Tick Time: ([\d,]+) ms/g)].at(-1)?.[1] ?? '';
    expect(tickMs).toBe(Number(tick.replace(',', '.')));
    expect(tickMs).toBeGreaterThan(0);
    expect(ticksPerSecond).toBeGreaterThan(0);
    expect(gcHeapMb).toBeGreaterThan(50);
    expect(gcPausePercent).toBeNull();
    expect([telemetry.version, telemetry.stats?.maxPlayers]).toEqual(['1.21.5', 16]);
    // Of no other process, and of none when it has ended.
    expect([telemetry.read(pid + 1), telemetry.read(null)]).toEqual([NO_TELEMETRY, NO_TELEMETRY]);
    await server.shutDown();
    // Its console ends a moment after it.
    await waitFor(() => telemetry.read(pid).tickMs === null);
    expect([telemetry.read(pid), telemetry.stats, telemetry.version]).toEqual([NO_TELEMETRY, null, null]);
    // Players come, and on a busy machine a tick is late.
    expect(kinds().filter((kind) => kind.startsWith('game_'))).toEqual(['game_ready', 'game_stop_reason']);
  });

  it('has the heap that the runtime tells, and where that tells none, what the console says', async () => {
    const pauses = { gcPausePercent: 1.5, gcPauseMaxMs: 20 };
    let gc: GcSample | null = { gcHeapMb: null, ...pauses };
    const server = run(sampleServer());
    const telemetry = listenTo(server, ASK_EVERY_MS, () => gc);
    await server.start();
    const pid = pidOf(server);
    expect(telemetry.read(pid)).toEqual({ ...NO_TELEMETRY, ...pauses });
    await waitFor(() => telemetry.read(pid).gcHeapMb !== null);
    expect(telemetry.read(pid).gcHeapMb).toBeGreaterThan(50);
    gc = { gcHeapMb: 12, ...pauses };
    expect(telemetry.read(pid)).toMatchObject(gc);
    gc = null;
    expect(telemetry.read(pid)).toMatchObject({ gcPausePercent: null, gcPauseMaxMs: null });
    expect(telemetry.read(pid).gcHeapMb).toBeGreaterThan(50);
  });

  it.each(['late', 'twice', 'flood'])('comes from a game whose answer is in trouble: %s', async (fault) => {
    const server = run(sampleServer(`SAMPLE_FAULT=${fault}`));
    const telemetry = listenTo(server);
    await server.start();
    await waitFor(() => telemetry.read(pidOf(server)).players !== null);
  });

  it('is not known of a game that does not answer, which is asked ever more rarely', async () => {
    const server = run(listeningGame(file('heard'), `print(${JSON.stringify(READY)});`, ''));
    const telemetry = listenTo(server, 100);
    await server.start();
    await exists('heard');
    await waitFor(() => heard().includes('/stats compact\n'));
    await delay(3000);
    expect(telemetry.read(pidOf(server))).toEqual(NO_TELEMETRY);
    // Of thirty polls: at the 1st, 2nd, 4th, 8th and 16th.
    expect(
      heard()
        .split('\n')
        .filter((line) => line === '/stats compact').length,
    ).toBeLessThanOrEqual(6);
  });

  it('nothing is ever written to the console of a game that has not said that it is ready', async () => {
    const lines = ['Done (3.2s)! For help, type "help"', answer('3'), 'Server started on port 25565'];
    const first = `for (const line of ${JSON.stringify(lines)}) print(line); setInterval(() => print(${JSON.stringify(lines[1])}), 50);`;
    const onLine = `if (line === '/stop') process.exit(0);`;
    const server = run(listeningGame(file('heard'), first, onLine), { stopCommand: '/stop' });
    const telemetry = listenTo(server, 50);
    await server.start();
    await exists('heard');
    await delay(2000);
    expect(telemetry.read(pidOf(server))).toEqual(NO_TELEMETRY);
    expect(heard()).toBe('');
    await server.shutDown();
    expect(heard()).toBe('/stop\n');
  });

  it('nothing is asked of a game that is being stopped', async () => {
    const first = `print(${JSON.stringify(READY)});`;
    const onLine = `if (line === '/stop') setTimeout(() => process.exit(0), 1000); else print(${JSON.stringify(answer('1'))});`;
    const server = run(listeningGame(file('heard'), first, onLine), { stopCommand: '/stop' });
    const telemetry = listenTo(server, 50);
    await server.start();
    await waitFor(() => telemetry.stats !== null);
    await server.stop();
    await reach(server, 'stopped');
    expect(heard().endsWith('\n/stop\n')).toBe(true);
  });

  it('an answer that the old game owed is not the new one’s', async () => {
    // The first run answers at its end alone, the second not at all.
    const first = `print(${JSON.stringify(READY)});
      const isFirst = !fs.existsSync(${JSON.stringify(file('ran'))});
      fs.writeFileSync(${JSON.stringify(file('ran'))}, '');`;
    const onLine = `if (line === '/stop') {
      if (isFirst) print(${JSON.stringify(answer('7'))});
      process.exit(0);
    }`;
    const server = run(listeningGame(file('heard'), first, onLine), { stopCommand: '/stop' });
    const telemetry = listenTo(server);
    await server.start();
    const old = pidOf(server);
    await waitFor(() => heard().includes('/stats'));
    const seen = new Set<number | null>();
    const watching = setInterval(() => {
      const pid = server.gameServerPid;
      if (pid !== old) seen.add(telemetry.read(pid).players);
    }, 5);
    await server.restart();
    await waitFor(() => server.status.state === 'running' && pidOf(server) !== old);
    await waitFor(() => (heard().split('/stop\n')[1] ?? '').includes('/stats'));
    await delay(500);
    clearInterval(watching);
    expect([...seen]).toEqual([null]);
  });

  it('is found among 50 MB a second', async () => {
    const first = `const noise = (${JSON.stringify(OVERLOAD.replace('[Warning] Server', '[Server Chat] 0 | A: Server'))}).repeat(7000);
      print(${JSON.stringify(READY)});
      setInterval(() => { if (process.stdout.writableLength < 1e6) process.stdout.write(noise); }, 10);`;
    const server = run(
      listeningGame(file('heard'), first, `if (line !== '/stop') print(${JSON.stringify(answer('5'))});`),
    );
    const telemetry = listenTo(server);
    await server.start();
    await waitFor(() => telemetry.read(pidOf(server)).players === 5);
  });

  it('is not asked when the interval is 0; what happens is told all the same', async () => {
    const server = run(listeningGame(file('heard'), `print(${JSON.stringify(READY)});`, ''));
    const telemetry = listenTo(server, 0);
    await server.start();
    await waitFor(() => kinds().includes('game_ready'));
    await delay(500);
    expect([heard(), telemetry.stats]).toEqual(['', null]);
  });

  describe('of a game whose console is not ours', () => {
    function makeLog(): string {
      mkdirSync(file('world/Logs'), { recursive: true });
      writeFileSync(file('world/Logs/server-main.log'), OVERLOAD);
      return file('world/Logs/server-main.log');
    }

    it('comes from its log when something else runs it, and lets go of that', async () => {
      const path = makeLog();
      const telemetry = listenTo(attach(file('pid'), { dataPath: file('world') }));
      await waitFor(() => hasOpenFile(process.pid, path));
      await delay(1500);
      expect(kinds()).toEqual([]);
      appendFileSync(path, OVERLOAD);
      await waitFor(() => kinds().includes('tick_overload'));
      expect([telemetry.read(null), telemetry.stats]).toEqual([NO_TELEMETRY, null]);
    });

    it('comes from its log when it was taken over, until the next game is ours', async () => {
      const path = makeLog();
      // As it was left behind by an API that was killed.
      const orphaned = spawnSync('sh', ['-c', 'setsid sleep 60 > /dev/null 2>&1 & echo $!'], {
        encoding: 'utf8',
      });
      const pid = Number(orphaned.stdout);
      await waitFor(() => groupMembers(pid).includes(pid));
      const record = { pid, identity: processIdentity(pid), startedAt: new Date().toISOString() };
      mkdirSync(file('data'));
      writeFileSync(file('data/game-server.json'), JSON.stringify(record));
      const server = build(idleGame, { dataPath: file('world') });
      listenTo(server);
      server.onModuleInit();
      expect([pidOf(server), server.console]).toEqual([pid, null]);
      await waitFor(() => hasOpenFile(process.pid, path));
      await delay(1500);
      appendFileSync(path, OVERLOAD);
      await waitFor(() => kinds().includes('tick_overload'));
      await server.restart();
      await waitFor(() => server.console !== null);
      appendFileSync(
        path,
        OVERLOAD.replace(
          'Server overloaded. A tick took 700ms to complete.',
          'Server ticking has been resumed',
        ),
      );
      await delay(1500);
      expect(kinds()).toEqual(['tick_overload']);
    });
  });
});
