import { describe, expect, it } from '@jest/globals';
import { idleGame, nodeProgram } from '../testing/game-programs.js';
import { gameServerLife, reach } from '../testing/game-server-life.js';
import { waitFor } from '../testing/wait-for.js';
import { failure } from '../testing/game-server-life.js';

const { build, told } = gameServerLife();

const kinds = () => told().map(({ kind }) => kind);

describe('the timeline', () => {
  it('is told that a game starts, stops, and is started again', async () => {
    const service = build(idleGame);
    await service.start();
    expect(kinds()).toEqual(['game_starting']);
    await service.restart();
    await waitFor(() => service.status.state === 'running');
    await service.stop();
    await reach(service, 'stopped');
    const life = ['game_starting', 'game_stopping', 'game_stopped'];
    expect(kinds()).toEqual([...life, ...life]);
  });

  it.each([
    ['process.exit(134)', 'The game server ended with exit code 134.', { exitCode: 134 }],
    [
      "process.kill(process.pid, 'SIGKILL')",
      'The game server was ended by SIGKILL, which was not sent by us.',
      { signal: 9 },
    ],
  ])('is told how a game crashed: %s', async (script, text, numbers) => {
    const service = build(nodeProgram(script));
    await service.start();
    await reach(service, 'stopped');
    expect(kinds()).toEqual(['game_starting', 'game_crashed']);
    expect(told().at(-1)).toMatchObject({ level: 'error', text, numbers });
  });

  it('is told of no crash when a game was stopped from inside', async () => {
    const service = build(nodeProgram('process.exit(0)'));
    await service.start();
    await reach(service, 'stopped');
    expect(kinds()).toEqual(['game_starting', 'game_stopped']);
  });

  it('is told of a crash alone when processes are left that have to be ended', async () => {
    const service = build(['/bin/sh', '-c', 'sleep 60 & exit 3']);
    await service.start();
    await reach(service, 'stopped');
    expect(kinds()).toEqual(['game_starting', 'game_crashed']);
  });

  it('is told that a game could not be started', async () => {
    const service = build(['/no/such/program']);
    await failure(service.start());
    expect(kinds()).toEqual(['game_starting', 'game_start_failed']);
  });
});
