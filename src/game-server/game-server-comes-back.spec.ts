import { describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processIdentity } from '../process/process-identity.js';
import {
  executable,
  groupMembers,
  idleGame,
  nodeProgram,
  savingGame,
  shellProgram,
} from '../testing/game-programs.js';
import { FIRST_PAUSE_MS, gameServerLife, pidOf, reach } from '../testing/game-server-life.js';
import { inCgroup, memoryCgroups, withMemoryCgroup } from '../testing/memory-cgroup.js';
import { waitFor } from '../testing/wait-for.js';
import { type GameServerService } from './game-server.service.js';

const { file, build, attach, told, warnings, log, pids, strangers, exists } = gameServerLife();

const onCrash = { restartsOnCrash: true };
const kinds = () => told().map(({ kind }) => kind);
const count = (kind: string) => kinds().filter((each) => each === kind).length;
const crashed = (service: GameServerService) => waitFor(() => service.status.restartAt !== null);
/** Longer than any restart that is waited for. */
const wouldHaveStarted = () => delay(10 * FIRST_PAUSE_MS);

/** A game that crashes at once, as often as it is started, while the file `crash` is there; then it stays. */
function crashingGame(): string[] {
  executable(file('game'), '#!/bin/sh\n[ -e crash ] && exit 3\nexec sleep 60\n');
  writeFileSync(file('crash'), '');
  return [file('game')];
}

describe('a game that crashed', () => {
  it('stays down unless VS_SERVER_RESTART says otherwise', async () => {
    const service = build(crashingGame());
    await service.start();
    await reach(service, 'stopped');
    await wouldHaveStarted();
    expect(service.status).toMatchObject({ state: 'stopped', restartAt: null });
    expect(kinds()).toEqual(['game_starting', 'game_crashed']);
  });

  it('is started again after a pause, which the status tells, and each start is counted', async () => {
    const service = build(idleGame, onCrash);
    const { pid } = await service.start();
    process.kill(pidOf(service), 'SIGKILL');
    await crashed(service);
    const { restartAt, lastError } = service.status;
    expect(Math.abs(Date.parse(restartAt ?? '') - Date.now())).toBeLessThan(10_000);
    expect(lastError).toBe(
      'The game server was ended by SIGKILL, which was not sent by us. It is started again in 0.05 s.',
    );
    await reach(service, 'running');
    expect(service.status).toMatchObject({ pid: expect.any(Number), restartAt: null, lastError: null });
    expect(service.status.pid).not.toBe(pid);
    expect(kinds()).toEqual(['game_starting', 'game_crashed', 'game_restarted', 'game_starting']);
    expect(told().at(-2)).toMatchObject({ numbers: { attempt: 1 } });
  });

  it('stays down after five crashes, and has five more when it is started by hand', async () => {
    const service = build(crashingGame(), onCrash);
    for (const round of [1, 2]) {
      await service.start();
      await waitFor(() => count('game_stays_down') === round);
      await wouldHaveStarted();
      expect([count('game_starting'), count('game_crashed')]).toEqual([5 * round, 5 * round]);
      expect(count('game_restarted')).toBe(4 * round);
      expect(service.status).toMatchObject({
        state: 'stopped',
        restartAt: null,
        lastError:
          'The game server ended with exit code 3. It crashed 5 times in 30 min and stays down: start it by hand.',
      });
    }
    expect(told().at(-1)).toMatchObject({
      kind: 'game_stays_down',
      level: 'error',
      numbers: { crashes: 5 },
    });
    rmSync(file('crash'));
    await expect(service.start()).resolves.toMatchObject({ state: 'running', lastError: null });
  });

  it('is not started again when it is stopped while that is waited for', async () => {
    const service = build(crashingGame(), onCrash);
    await service.start();
    await crashed(service);
    await expect(service.stop()).resolves.toMatchObject({
      state: 'stopped',
      restartAt: null,
      lastError: 'The game server crashed. It is not started again: it was stopped by hand.',
    });
    await wouldHaveStarted();
    expect(kinds()).toEqual(['game_starting', 'game_crashed', 'game_stopped']);
    expect(service.status.state).toBe('stopped');
  });

  it.each(['start', 'restart'] as const)(
    'is started once, by hand, when %s does not wait',
    async (action) => {
      const service = build(crashingGame(), onCrash);
      await service.start();
      await crashed(service);
      rmSync(file('crash'));
      await expect(service[action]()).resolves.toMatchObject({ state: 'running', restartAt: null });
      const { pid } = service.status;
      await wouldHaveStarted();
      expect(service.status).toMatchObject({ state: 'running', pid });
      expect(kinds()).toEqual(['game_starting', 'game_crashed', 'game_starting']);
    },
  );

  it('is not started again when the API ends', async () => {
    const service = build(crashingGame(), onCrash);
    await service.start();
    await crashed(service);
    await service.shutDown();
    await wouldHaveStarted();
    expect([count('game_starting'), count('game_restarted')]).toEqual([1, 0]);
  });

  it('is not started again when it is stopped in the moment before its crash is seen', async () => {
    // Its child holds the output for a second after the crash.
    executable(file('daemon.sh'), '#!/bin/sh\necho $$ > daemon.new\nmv daemon.new daemon\nexec sleep 60\n');
    const service = build(
      shellProgram('setsid ./daemon.sh & until [ -s daemon ]; do sleep 0.01; done; exit 1'),
      onCrash,
    );
    await service.start();
    await waitFor(() => service.gameServerPid === null);
    const { state } = service.status;
    await service.stop().catch(() => undefined);
    await reach(service, 'stopped');
    await wouldHaveStarted();
    process.kill(Number(readFileSync(file('daemon'), 'utf8')), 'SIGKILL');
    expect(state).toBe('running');
    expect(count('game_starting')).toBe(1);
    expect(count('game_crashed')).toBe(1);
  });
});

describe('a game that was stopped', () => {
  it.each([
    ['without a word', 'process.exit(0)'],
    [
      'as Vintage Story does',
      "console.log('25.11.2026 22:16:39 [Server Event] Stop reason: Shutdown by Alice'); process.exit(0)",
    ],
  ])('from inside, %s, is not started again', async (_, script) => {
    const service = build(nodeProgram(script), onCrash);
    await service.start();
    await reach(service, 'stopped');
    await wouldHaveStarted();
    expect(kinds()).toEqual(['game_starting', 'game_stopped']);
    expect(warnings().join()).not.toContain('Alice');
  });

  it('by hand is not started again, even when that takes SIGKILL', async () => {
    const game = nodeProgram(
      `process.on('SIGTERM', () => undefined); ${savingGame(file('saved'), file('ready'), 60_000)}`,
    );
    const service = build(game, { ...onCrash, stopTimeoutMs: 100 });
    await service.start();
    await exists('ready');
    await service.stop();
    await reach(service, 'stopped');
    await wouldHaveStarted();
    expect(kinds()).toEqual(['game_starting', 'game_stopping', 'game_stopped']);
  });

  it('by a signal from outside is told as one that nobody here asked for, and is not started again', async () => {
    const service = build(idleGame, onCrash);
    await service.start();
    process.kill(pidOf(service), 'SIGTERM');
    await reach(service, 'stopped');
    await wouldHaveStarted();
    expect(kinds()).toEqual(['game_starting', 'game_crashed']);
    expect(service.status.lastError).toMatch(/by SIGTERM.* It may have been stopped by somebody/);
  });

  it('by hand, and is killed by somebody else while it saves, has lost something', async () => {
    const service = build(nodeProgram(savingGame(file('saved'), file('ready'), 60_000)), onCrash);
    await service.start();
    await exists('ready');
    const { pid } = await service.stop();
    process.kill(pid ?? NaN, 'SIGKILL');
    await reach(service, 'stopped');
    await wouldHaveStarted();
    expect(service.status.lastError).toBe(
      'The game server was ended by SIGKILL, which was not sent by us. It was stopping: what it had not saved is lost.',
    );
    expect(kinds()).toEqual(['game_starting', 'game_stopping', 'game_crashed', 'game_stopped']);
  });

  it('by itself for a reason of its own has crashed', async () => {
    const line = '25.11.2026 22:16:39 [Server Event] Stop reason: Server is consuming too much RAM';
    const service = build(nodeProgram(`console.log(${JSON.stringify(line)}); process.exit(0)`));
    await service.start();
    await reach(service, 'stopped');
    expect(told().at(-1)).toMatchObject({
      kind: 'game_crashed',
      text: 'The game server stopped itself: it used more than DieAboveMemoryUsageMb.',
      numbers: { exitCode: 0 },
    });
  });
});

/** Longer than a log must be there to count for one of the game that has ended. */
const LOG_AGE_MS = 2500;

describe('a game whose exit nobody sees', () => {
  const startLine = '25.11.2026 22:16:39 [Event] Dedicated Server now running on Port 42420 and all ips!';
  const stopLine = '25.11.2026 22:16:39 [Event] Stop reason: Shutdown by Alice';

  /** As it was left behind by an API that was killed. */
  async function orphan(): Promise<number> {
    const command = 'setsid sleep 60 > /dev/null 2>&1 & echo $!';
    const pid = Number(spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stdout);
    pids.add(pid);
    await waitFor(() => groupMembers(pid).includes(pid));
    return pid;
  }

  async function writeLog(...lines: string[]): Promise<void> {
    mkdirSync(file('world/Logs'), { recursive: true });
    writeFileSync(file('world/Logs/server-main.log'), `${lines.join('\n')}\n`);
    await delay(LOG_AGE_MS);
  }

  function takeOver(pid: number, dataPath: string | null): GameServerService {
    mkdirSync(file('data'), { recursive: true });
    const record = { pid, identity: processIdentity(pid), startedAt: new Date().toISOString() };
    writeFileSync(file('data/game-server.json'), JSON.stringify(record));
    const service = build(idleGame, { ...onCrash, dataPath });
    service.onModuleInit();
    return service;
  }

  it('is told as crashed, and not started again: somebody may have stopped it', async () => {
    const service = takeOver(await orphan(), null);
    process.kill(pidOf(service), 'SIGKILL');
    await waitFor(() => count('game_crashed') === 1);
    await wouldHaveStarted();
    expect(service.status).toMatchObject({
      state: 'stopped',
      lastError:
        'The game server ended unasked; how is not known. It may have been stopped by somebody, so it is not started again.',
    });
    expect(kinds()).toEqual(['game_taken_over', 'game_crashed']);
  });

  it.each([
    [
      'is started again when its log says nothing of a stop',
      [startLine],
      ['game_crashed', 'game_restarted', 'game_starting'],
    ],
    ['has stopped when its log says so', [startLine, stopLine], ['game_stopped']],
  ])('%s', async (_, lines, ends) => {
    const pid = await orphan();
    await writeLog(...lines);
    const service = takeOver(pid, file('world'));
    process.kill(pid, 'SIGKILL');
    await waitFor(() => kinds().length > ends.length);
    await reach(service, ends.length === 1 ? 'stopped' : 'running');
    await wouldHaveStarted();
    expect(kinds()).toEqual(['game_taken_over', ...ends]);
    expect(service.status.state).toBe(ends.length === 1 ? 'stopped' : 'running');
    expect(log.map(({ message }) => message).join()).not.toContain('Alice');
  });

  it('is watched when something else runs it, and never started by us', async () => {
    const pid = await orphan();
    writeFileSync(file('pid'), String(pid));
    await writeLog(startLine);
    attach(file('pid'), { dataPath: file('world') });
    process.kill(pid, 'SIGKILL');
    await waitFor(() => count('game_crashed') === 1);
    expect(told().at(-1)).toMatchObject({ text: 'The game server ended unasked; how is not known.' });

    const second = await orphan();
    writeFileSync(file('pid'), String(second));
    await waitFor(() => count('game_starting') === 1);
    await writeLog(startLine, stopLine);
    process.kill(second, 'SIGKILL');
    await waitFor(() => count('game_stopped') === 1);
    expect(kinds()).toEqual(['game_crashed', 'game_starting', 'game_stopped']);
  });

  (memoryCgroups === null ? it.skip : it)(
    'is told as killed for lack of memory when its cgroup counts that',
    () =>
      withMemoryCgroup(async (cgroup) => {
        writeFileSync(join(cgroup, 'memory.limit_in_bytes'), String(60 * 1024 ** 2));
        const grow =
          'read _; exec awk \'BEGIN { for (;;) s = s "0123456789012345678901234567890123456789" s }\'';
        const [program = '', ...args] = inCgroup(cgroup, ['sh', '-c', grow]);
        const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
        strangers.push(child);
        const inside = () => readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').trim() === String(child.pid);
        await waitFor(inside);
        writeFileSync(file('pid'), String(child.pid));
        attach(file('pid'));
        child.stdin.end('\n');
        await waitFor(() => count('game_crashed') === 1);
        expect(told().at(-1)?.text).toBe('The game server was killed by the kernel for lack of memory.');
      }),
  );
});
