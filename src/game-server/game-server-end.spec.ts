import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { executable, groupMembers, idleGame, shellProgram } from '../testing/game-programs.js';
import { gameServerLife, pidOf, reach, statesOf } from '../testing/game-server-life.js';
import { waitFor } from '../testing/wait-for.js';

const { log, file, build, warnings, exists } = gameServerLife();

describe('a game that dies by itself', () => {
  it('is stopped, with the reason in words and its last 20 lines in one log entry', async () => {
    const service = build(shellProgram(`seq 1 250; touch '${file('ready')}'; exec sleep 60`));
    await service.start();
    await exists('ready');
    const states = statesOf(service);
    process.kill(pidOf(service), 'SIGKILL');
    await expect(reach(service, 'stopped')).resolves.toEqual({
      state: 'stopped',
      controllable: true,
      pid: null,
      uptimeSeconds: null,
      lastExitCode: null,
      lastExitSignal: 'SIGKILL',
      lastError: 'The game server was ended by SIGKILL, which was not sent by us.',
      restartAt: null,
    });
    expect(warnings()).toHaveLength(1);
    const lines = warnings()[0]?.split('\n') ?? [];
    expect(lines.slice(0, 2)).toEqual([
      'The game server was ended by SIGKILL, which was not sent by us. No sample had measured it.',
      'Its last lines (20):',
    ]);
    expect(lines.slice(2)).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 231)));

    await new Promise((done) => setTimeout(done, 100));
    expect(states).toEqual(['stopped']);
  });

  it('has even the last line of a long farewell in the log', async () => {
    const service = build(shellProgram('seq 1 30000; echo farewell >&2; exit 1'));
    for (let run = 1; run <= 10; run++) {
      await service.start();
      await waitFor(() => service.status.state === 'stopped');
      const warnings = log.filter(({ level }) => level === 'warn');
      expect(warnings).toHaveLength(run);
      expect(warnings.at(-1)?.message.split('\n')).toEqual(expect.arrayContaining(['30000', 'farewell']));
    }
  });

  it('is stopped soon although a process outside its group holds its output open', async () => {
    executable(file('daemon.sh'), '#!/bin/sh\necho $$ > daemon\nexec sleep 60\n');
    const service = build(
      shellProgram('setsid ./daemon.sh & until [ -s daemon ]; do sleep 0.01; done; exit 1'),
    );
    await service.start();
    await waitFor(() => service.status.state === 'stopped');
    const daemon = Number(readFileSync(file('daemon'), 'utf8'));
    const members = groupMembers(daemon);
    process.kill(daemon, 'SIGKILL');
    expect(members).toEqual([daemon]);
  });

  it('can be started again', async () => {
    const service = build(idleGame);
    await service.start();
    process.kill(pidOf(service), 'SIGKILL');
    await reach(service, 'stopped');
    await expect(service.start()).resolves.toMatchObject({ state: 'running', lastError: null });
  });
});
