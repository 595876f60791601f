import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ADMIN_KEY, ApiProcess, MAIN } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { describeWith } from '../src/testing/components.js';
import { savingGame } from '../src/testing/game-programs.js';
import { describeWithTmpfs, Tmpfs } from './support/tmpfs.js';

const AT_SIGNAL = resolve('test/faults/programs/at-signal.mjs');
const LISTENS = /Vintage Story metrics: http\S+\s/;
/** The whole line, of which the first piece may be read before the rest. */
const LOST = /^\((\d+) lines of this log are lost: it could not be written\)$/m;
const START_MS = 90_000;

describe('the log', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let api: ApiProcess;
  const readers: ChildProcess[] = [];
  const file = (name: string) => join(folder.path, name);

  beforeEach(() => {
    folder = temporaryFolder();
    writeFileSync(file('game.cjs'), savingGame(file('saved'), file('ready')));
  });

  afterEach(async () => {
    await api.kill();
    for (const reader of readers.splice(0)) reader.kill('SIGKILL');
    if (existsSync(file('ready'))) killIfAlive(Number(readFileSync(file('ready'), 'utf8')));
    folder.remove();
  });

  function variables(): Record<string, string> {
    return {
      AT_SIGNAL: 'print',
      VS_API_KEY_ADMIN: ADMIN_KEY,
      VS_DATA_DIR: file('data'),
      VS_SERVER_COMMAND: `${process.execPath} ${file('game.cjs')}`,
      VS_SERVER_AUTOSTART: 'true',
    };
  }

  const command = [process.execPath, '--import', AT_SIGNAL, MAIN];

  /** Starts the API with a pipe for its log; `cat` reads it. */
  async function startWithPipe(): Promise<void> {
    execFileSync('mkfifo', [file('pipe')]);
    readPipe();
    const pipe = openSync(file('pipe'), 'w');
    api = ApiProcess.spawn(variables(), folder.path, { command, stdio: ['ignore', pipe, pipe] });
    closeSync(pipe);
    await isUp();
  }

  function readPipe(): void {
    const reader = spawn('cat', [file('pipe')]);
    reader.stdout.on('data', (chunk: Buffer) => (api.output += chunk.toString()));
    readers.push(reader);
  }

  async function isUp(): Promise<void> {
    await waitFor(() => LISTENS.test(api.output) && existsSync(file('ready')), 'it is up', START_MS);
  }

  /** Has the API write more than may wait, by way of the console; it must answer all the same. */
  async function printMuch(pid = api.child.pid ?? NaN): Promise<void> {
    process.kill(pid, 'SIGUSR2');
    for (let i = 0; i < 3; i++) await changeInterval(5 + i);
    expect(await api.data('server/status')).toMatchObject({ state: 'running' });
  }

  async function changeInterval(intervalSeconds: number): Promise<void> {
    const response = await api.request('api/v1alpha1/settings', {
      method: 'PATCH',
      body: JSON.stringify({ intervalSeconds }),
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(200);
  }

  async function expectProperShutdown(pid = api.child.pid ?? NaN): Promise<void> {
    process.kill(pid, 'SIGTERM');
    expect(await api.exited).toEqual({ code: 0, signal: null });
    expect(readFileSync(file('saved'), 'utf8')).toBe('/stop');
  }

  /** All of it: what waited, then how many lines are missing, then what came after that. */
  function expectCountedLoss(): void {
    const [, lost = ''] = LOST.exec(api.output) ?? [];
    const printed = [...api.output.matchAll(/^line (\d+) \.{100}$/gm)].map(([, number]) => Number(number));
    expect(printed).toEqual(printed.map((_, i) => i + 1));
    expect(printed.length).toBeGreaterThan(1000);
    const others = ['an error of a library', 'a warning of Node', 'Collecting every'];
    const missing = others.filter((text) => !api.output.includes(text));
    // "Collecting every" comes once for each interval, after "Collection interval".
    expect(missing).not.toEqual([]);
    expect(Number(lost)).toBeGreaterThanOrEqual(5000 - printed.length + 2);
  }

  it('goes to a pipe that has lost its reader, and goes on with the next one', async () => {
    await startWithPipe();
    // Not before it is gone: what it has read is lost with it.
    if (readers[0] !== undefined) await ended(readers[0]);
    await printMuch();
    readPipe();
    await waitFor(() => LOST.test(api.output));
    expectCountedLoss();
    await changeInterval(9);
    await waitFor(() => api.output.includes('Collecting every 9 s'));
    readers[1]?.kill('SIGKILL');
    await expectProperShutdown();
  });

  it('goes to a pipe whose reader has stopped, and goes on with it', async () => {
    await startWithPipe();
    readers[0]?.kill('SIGSTOP');
    await printMuch();
    readers[0]?.kill('SIGCONT');
    await waitFor(() => LOST.test(api.output));
    expectCountedLoss();
    readers[0]?.kill('SIGSTOP');
    await printMuch();
    await expectProperShutdown();
  });

  it('shows what a game wrote without obeying it, and lets none of it pass for a line of the log', async () => {
    const forged =
      '[Nest] 1  - 11/25/2026, 6:00:00 PM     LOG [GameServerService] Game server running, pid 1';
    const chat = `\x1b]0;title\x07\x1b[2J\x9b31mred\u202e\r${forged}\n${forged}\u2028${forged}\n`;
    writeFileSync(file('game.cjs'), `process.stdout.write(${JSON.stringify(chat)}, () => process.exit(3))`);
    api = ApiProcess.spawn(variables(), folder.path);
    await api.waitForOutput(/ended with exit code 3\..*\n.*\n.*\n.*\n/, START_MS);
    expect(api.output).toContain('\\x1b]0;title\\x07\\x1b[2J\\x9b31mred\\u202e\\r[Nest] 1');
    expect(api.output).not.toMatch(/[^\P{C}\n]/u);
    expect(api.output.split('\n').filter((line) => line.startsWith('[Nest] 1  -'))).toEqual([]);
  });

  describeWithTmpfs()('on a disk', () => {
    let disk: Tmpfs;

    beforeEach(() => {
      disk = new Tmpfs(1024);
    });

    afterEach(async () => {
      await api.kill();
      disk.remove();
    });

    function fill(): void {
      try {
        for (;;) writeFileSync(join(disk.path, 'ballast'), Buffer.alloc(4096), { flag: 'a' });
      } catch {
        // Full.
      }
    }

    it('that is full does not end it, and goes on when there is room', async () => {
      const log = openSync(join(disk.path, 'log'), 'a');
      api = ApiProcess.spawn(variables(), folder.path, { command, stdio: ['ignore', log, log] });
      closeSync(log);
      const read = () => (api.output = readFileSync(join(disk.path, 'log'), 'utf8'));
      await waitFor(() => LISTENS.test(read()) && existsSync(file('ready')), 'it is up', START_MS);
      fill();
      await printMuch();
      rmSync(join(disk.path, 'ballast'));
      await waitFor(() => LOST.test(read()));
      expectCountedLoss();
      fill();
      await printMuch();
      await expectProperShutdown();
    });
  });

  describeWith('script', '/usr/bin/script')('on a terminal', () => {
    it('waits after Ctrl-S, in colour, and nothing else does', async () => {
      const inTerminal = `echo $$ > api.pid; exec ${command.join(' ')}`;
      api = ApiProcess.spawn({ ...variables(), NO_COLOR: '' }, folder.path, {
        command: ['script', '-qfec', inTerminal, '/dev/null'],
      });
      await isUp();
      const pid = Number(readFileSync(file('api.pid'), 'utf8'));
      expect(api.output).toContain('\x1b[32m');
      api.child.stdin?.write('\x13');
      await printMuch(pid);
      api.child.stdin?.write('\x11');
      await waitFor(() => api.output.includes('are lost'));
      api.child.stdin?.write('\x13');
      await printMuch(pid);
      process.kill(pid, 'SIGTERM');
      await waitFor(() => existsSync(file('saved')) && readFileSync(file('saved'), 'utf8') !== '');
      expect(readFileSync(file('saved'), 'utf8')).toBe('/stop');
      expect((await api.exited).code).toBe(0);
    });
  });
});

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function killIfAlive(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
