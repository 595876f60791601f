import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ADMIN_KEY, ApiProcess, MAIN } from '../src/testing/api-process.mjs';
import { isAlive } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { describeWith } from '../src/testing/components.js';
import { savingGame } from '../src/testing/game-programs.js';

const PROGRAMS = resolve('test/faults/programs');

describe('a shutdown', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let api: ApiProcess;
  const file = (name: string) => join(folder.path, name);

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await api.kill();
    const game = Number(readFileSync(file('ready'), 'utf8'));
    if (isAlive(game)) process.kill(-game, 'SIGKILL');
    folder.remove();
  });

  /** Starts the API, by another program or with flags for Node, and a game that takes a while to save. */
  async function start(before: string[], variables: Record<string, string> = {}, main = MAIN): Promise<void> {
    writeFileSync(file('game.cjs'), savingGame(file('saved'), file('ready'), 300));
    api = ApiProcess.spawn(
      {
        VS_API_KEY_ADMIN: ADMIN_KEY,
        VS_DATA_DIR: file('data'),
        VS_METRICS_INTERVAL: '0.2',
        VS_SERVER_COMMAND: `${process.execPath} ${file('game.cjs')}`,
        VS_SERVER_AUTOSTART: 'true',
        ...variables,
      },
      folder.path,
      { command: [...before, main] },
    );
    await api.untilItListens();
    await waitFor(() => existsSync(file('ready')) && readFileSync(file('ready'), 'utf8') !== '');
  }

  const withModule = (name: string) => [process.execPath, '--import', join(PROGRAMS, name)];

  async function expectSaved(code: number): Promise<void> {
    expect(await api.exited).toEqual({ code, signal: null });
    expect(readFileSync(file('saved'), 'utf8')).toBe('/stop');
  }

  function expectInOrder(...texts: string[]): void {
    const places = texts.map((text) => api.output.indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  }

  it.each([
    ['throw', 'Nobody handled this error: Error: thrown by the test'],
    ['reject', 'Nobody handled this error: Error: rejected by the test'],
  ])('after an error that nobody handled (%s), under more of them and of signals', async (what, reason) => {
    await start(withModule('at-signal.mjs'), { AT_SIGNAL: what });
    api.child.kill('SIGUSR2');
    // Of several signals that wait, the one with the smallest number is the first.
    await api.waitForOutput(/Nobody handled this error/);
    for (const signal of ['SIGTERM', 'SIGUSR2', 'SIGHUP', 'SIGINT'] as const) {
      api.child.kill(signal);
      await new Promise((done) => setTimeout(done, 20));
    }
    await expectSaved(1);
    // On the standard error, which is another pipe.
    expect(api.output).toContain(reason);
    expectInOrder('Shutting down: an error', 'Game server stopped');
  });

  it.each([
    ['hangs', 'Not all was closed within 5 s'],
    ['fails', 'Error: failed by the test'],
  ])('in which a hook of another module %s', async (hook, message) => {
    // Not the bundle: nobody else gets at a class in there.
    await start(withModule('hook.mjs'), { HOOK: hook }, resolve('build/main.js'));
    api.child.kill('SIGTERM');
    await expectSaved(0);
    expect(api.output).toContain(message);
    expectInOrder('Shutting down: SIGTERM', 'Game server stopped');
  });

  describeWith('strace', '/usr/bin/strace')('on a disk', () => {
    it('that takes seconds for an fsync: the game does not wait for it', async () => {
      const slow = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:delay_enter=4s'];
      const files = ['metrics.db', 'metrics.db-wal'].flatMap((name) => ['-P', file(`data/${name}`)]);
      await start(['strace', '-D', '-f', '-qq', '-o', '/dev/null', ...slow, ...files, process.execPath]);
      api.child.kill('SIGTERM');
      await expectSaved(0);
      expectInOrder('Shutting down: SIGTERM', 'Game server stopped', 'Closing the archive takes over 3 s');
    });
  });
});
