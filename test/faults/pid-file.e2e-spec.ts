import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type PidFileReading } from '../../src/game-server/pid-file.js';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { describeWithNamespaces, UNSHARE } from '../support/namespaces.js';

const BUILD = pathToFileURL(resolve('build')).href;
const PROGRAM = resolve('test/faults/programs/pid-file.mjs');

describeWithNamespaces()('a pid file', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'game.pid');
    chmodSync(folder.path, 0o755);
  });
  afterEach(() => {
    folder.remove();
  });

  function run(program: string, ...args: string[]): unknown {
    const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    return JSON.parse(output.trim().split('\n').at(-1) ?? '');
  }

  it.each([1, 2])('of a process that may not be seen (hidepid=%d) says what is known', (hidepid) => {
    const script = [
      `mount -t proc -o hidepid=${hidepid} proc /proc`,
      `sleep 60 & echo $! > '${path}'`,
      `setpriv --reuid=65534 --regid=65534 --clear-groups '${process.execPath}' '${PROGRAM}' '${BUILD}' '${path}'`,
      'kill -9 $!',
    ].join('\n');
    const { pid, reason } = run(
      'unshare',
      ...['--pid', '--fork', '--mount', 'sh', '-c', script],
    ) as PidFileReading;
    expect(pid).toBeGreaterThan(1);
    expect(reason).toContain(`names process ${pid}, which exists; whether it is the game is not known`);
    expect(reason).toContain('hidepid');
  });

  it('whose pid was given to another process is stale, whatever the clock says', () => {
    const [program, ...args] = UNSHARE;
    const seen = run(program, ...args, process.execPath, PROGRAM, BUILD, path, 'reused') as {
      pids: [number, number];
      ofFirst: PidFileReading;
      ofSecond: PidFileReading;
    };
    const [first, second] = seen.pids;
    expect(second).toBe(first);
    expect(seen.ofFirst).toEqual({ pid: first, reason: null });
    expect(seen.ofSecond).toEqual({ pid: null, reason: expect.stringContaining('is stale') });
  });
});
