import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { executable, groupMembers, savingGame, shellProgram } from '../testing/game-programs.js';
import {
  expectConflict,
  gameServerLife,
  pidOf,
  reach,
  statesOf,
  STOP_TIMEOUT_MS,
} from '../testing/game-server-life.js';
import { kernelState } from '../testing/kernel.js';
import { waitFor } from '../testing/wait-for.js';
import { type GameServerService } from './game-server.service.js';

const { file, build, exists } = gameServerLife();

describe('a wrapper', () => {
  /** A wrapper that waits for a game which saves for a moment when it gets SIGTERM. */
  function wrapper(savesForMs = 200): string[] {
    executable(file('game.js'), savingGame(file('saved'), file('ready'), savesForMs));
    return shellProgram(`'${process.execPath}' game.js & wait`);
  }

  /** What was left of the group, and whether the game had saved, when a service entered `stopped`. */
  function atStopped(service: GameServerService): { members: number[]; saved: boolean }[] {
    const { pid } = service.status;
    const found: { members: number[]; saved: boolean }[] = [];
    service.gameServerChanged$.subscribe(({ state }) => {
      if (state === 'stopped' && pid !== null) {
        found.push({ members: groupMembers(pid), saved: existsSync(file('saved')) });
      }
    });
    return found;
  }

  it('is stopped only when its child has saved and ended', async () => {
    const service = build(wrapper());
    await service.start();
    await exists('ready');
    const group = pidOf(service);
    const members = groupMembers(group);
    expect(members).toHaveLength(2);
    const game = members.find((pid) => pid !== group) ?? NaN;
    // Halted, it saves only when it may go on.
    process.kill(game, 'SIGSTOP');
    await waitFor(() => kernelState(game) === 'T');
    const found = atStopped(service);
    await service.stop();
    // SIGTERM ends the shell at once; the game in it has still to save.
    await waitFor(() => service.gameServerPid === null);
    expect(service.status).toMatchObject({ state: 'stopping', pid: null, uptimeSeconds: null });
    process.kill(game, 'SIGCONT');
    await reach(service, 'stopped');
    expect(found).toEqual([{ members: [], saved: true }]);
  });

  it('that dies takes its child along, which is given the time to save', async () => {
    const service = build(wrapper());
    await service.start();
    await exists('ready');
    const states = statesOf(service);
    const found = atStopped(service);
    process.kill(pidOf(service), 'SIGKILL');
    await expect(reach(service, 'stopped')).resolves.toMatchObject({
      lastExitSignal: 'SIGKILL',
      lastError: 'The game server was ended by SIGKILL, which was not sent by us.',
    });
    expect(states).toEqual(['stopping', 'stopped']);
    expect(found).toEqual([{ members: [], saved: true }]);
  });

  it('that returns at once takes its child along', async () => {
    const service = build(shellProgram('sleep 60 & exit 0'));
    await service.start();
    const found = atStopped(service);
    await expect(reach(service, 'stopped')).resolves.toMatchObject({ lastExitCode: 0 });
    expect(found).toEqual([{ members: [], saved: false }]);
  });

  it('that dies takes even a stubborn child along, after the timeout', async () => {
    const service = build(
      shellProgram(`(trap '' TERM; touch '${file('ready')}'; exec sleep 60) & exec sleep 60`),
      {
        stopTimeoutMs: STOP_TIMEOUT_MS,
      },
    );
    await service.start();
    await exists('ready');
    const found = atStopped(service);
    process.kill(pidOf(service), 'SIGKILL');
    await reach(service, 'stopped');
    expect(found).toEqual([{ members: [], saved: false }]);
  });

  it('that heeds the console leaves no child behind either', async () => {
    const service = build(shellProgram(`sleep 60 & touch '${file('ready')}'; read line; exit 7`), {
      stopCommand: '/stop',
      stopTimeoutMs: STOP_TIMEOUT_MS,
    });
    await service.start();
    await exists('ready');
    const found = atStopped(service);
    await service.stop();
    await expect(reach(service, 'stopped')).resolves.toMatchObject({ lastExitCode: 7, lastError: null });
    expect(found).toEqual([{ members: [], saved: false }]);
  });

  it('that died: a start, a stop and a restart are refused until its child has ended', async () => {
    const service = build(wrapper(300));
    await service.start();
    await exists('ready');
    process.kill(pidOf(service), 'SIGKILL');
    await reach(service, 'stopping');
    await expectConflict(service.start(), 'The game server is still stopping.');
    await expectConflict(service.stop(), 'it is stopping.');
    await expectConflict(service.restart(), 'it is stopping.');
    await reach(service, 'stopped');
  });
});
