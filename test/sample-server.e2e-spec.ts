import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';

const PROGRAM = resolve('examples/sample-server.mjs');
const LOG_LINE =
  /^[1-9]\d?\.[1-9]\d?\.\d{4} \d\d:\d\d:\d\d \[Server (?:Event|Notification|Warning|Error)\] \S.*$/;
const READY = /^.* \[Server Event\] Dedicated Server now running on Port 42420 and all ips!$/m;
const STATS = new RegExp(
  [
    String.raw`\[Server Notification\] Version: (?<version>\d+\.\d+\.\d+)`,
    String.raw`Uptime: (?<days>\d+) days, (?<hours>\d+) hours, (?<minutes>\d+) minutes, (?<seconds>\d+) seconds`,
    String.raw`Players last online: (?<lastOnline>\d+) seconds ago`,
    String.raw`Players online: (?<players>\d+) / (?<maxPlayers>\d+)(?: \((?<names>[^()]+)\))?`,
    String.raw`Players in queue: (?<queue>\d+) / (?<maxQueue>\d+)`,
    String.raw`Memory usage Managed/Total: (?<managedMb>\d+(?:\.\d)?)Mb / (?<totalMb>\d+(?:\.\d)?) Mb`,
    String.raw`Last 2s Average Tick Time: (?<tickMs>\d+(?:\.\d{1,2})?) ms`,
    String.raw`Last 2s Ticks/s: (?<ticksPerSecond>\d+(?:\.\d{1,2})?)`,
    String.raw`Last 10 ticks \(ms\): (?<lastTicks>\d+(?:, \d+){9})`,
    String.raw`Loaded chunks: (?<chunks>\d+)`,
    String.raw`Loaded entities: (?<entities>\d+) \((?<activeEntities>\d+) active\)`,
    String.raw`Network TCP: \d+(?:\.\d+)? Packets/s or \d+(?:\.\d+)? Kb/s`,
    String.raw`Network UDP: \d+(?:\.\d+)? Packets/s or \d+(?:\.\d+)? Kb/s$`,
  ].join(';'),
  'm',
);

describe('examples/sample-server.mjs', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let server: SampleServer;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await server.kill();
    folder.remove();
  });

  function start(variables: Record<string, string> = {}): SampleServer {
    return (server = new SampleServer(folder.path, variables));
  }

  it('logs in the form of the game and says when it is ready', async () => {
    start();
    await server.waitForOutput(READY);
    for (const line of server.output.trim().split('\n')) expect(line).toMatch(LOG_LINE);
  });

  it('answers /stats compact in the form of the game with its own figures', async () => {
    start({ SAMPLE_LOAD_PERCENT: '10' });
    await server.waitForOutput(READY);
    const figures = await server.askForStats();

    expect(Number(figures.seconds)).toBeGreaterThanOrEqual(1);
    expect(Number(figures.totalMb)).toBeGreaterThan(90);
    expect(Math.abs(Number(figures.totalMb) - server.residentMb())).toBeLessThan(20);
    expect(Number(figures.managedMb)).toBeGreaterThanOrEqual(56);
    expect(Number(figures.managedMb)).toBeLessThan(Number(figures.totalMb));
    // 10 % of a 33.3 ms tick is 3.3 ms of CPU time; a busy machine makes the tick longer and the ticks fewer.
    expect(Number(figures.tickMs)).toBeGreaterThan(2.5);
    expect(Number(figures.tickMs) * Number(figures.ticksPerSecond)).toBeLessThan(1100);
    expect(Number(figures.ticksPerSecond)).toBeLessThan(33);
    expect(figures.players).toBe(String(figures.names?.split(', ').length ?? 0));
  });

  it('holds memory that is resident even when no tick works on it', async () => {
    start({ SAMPLE_LOAD_PERCENT: '0' });
    await server.waitForOutput(/Loading/);
    expect(server.residentMb()).toBeGreaterThan(90);
  });

  it('answers a command that it does not know', async () => {
    start();
    server.write('/fly');
    await server.waitForOutput(/No such command: \/fly\n/);
  });

  it('uses about as much CPU as SAMPLE_LOAD_PERCENT says', async () => {
    start({ SAMPLE_LOAD_PERCENT: '10' });
    await server.waitForOutput(READY);
    const [fromMs, cpuFromMs] = [performance.now(), server.cpuMs()];
    await waitFor(() => performance.now() - fromMs > 2000);
    const percent = (100 * (server.cpuMs() - cpuFromMs)) / (performance.now() - fromMs);
    const { ticksPerSecond } = await server.askForStats();
    // A machine too busy for 30 ticks a second gives the program less, so look at what each tick used.
    const percentAtFullRate = (percent * 30) / Number(ticksPerSecond);
    expect(percentAtFullRate).toBeGreaterThan(7);
    expect(percentAtFullRate).toBeLessThan(17);
  });

  describe('a stop', () => {
    it('by /stop saves, says why it stops, and exits with 0', async () => {
      start();
      await server.waitForOutput(/Loading/);
      server.write('/stop');
      await server.expectSavedStop();
      expect(server.output).toMatch(/Stop reason: .*console\n$/);
    });

    it.each(['SIGTERM', 'SIGINT'] as const)('by %s does the same', async (signal) => {
      start();
      await server.waitForOutput(/Loading/);
      server.child.kill(signal);
      await server.expectSavedStop();
      expect(server.output).toMatch(new RegExp(`Stop reason: .*${signal}.*\n$`));
    });

    it('takes SAMPLE_SAVE_MS, and more requests change nothing', async () => {
      start({ SAMPLE_SAVE_MS: '900' });
      await server.waitForOutput(/Loading/);
      const startedMs = performance.now();
      server.write('/stop');
      server.write('/stop');
      await server.waitForOutput(/\/stop\n[^]*\/stop\n/);
      server.child.kill('SIGTERM');
      server.child.kill('SIGINT');
      expect(existsSync(server.saveFile)).toBe(false);
      await server.expectSavedStop();
      expect(performance.now() - startedMs).toBeGreaterThan(890);
      expect(server.output.match(/saving/g)).toHaveLength(1);
      expect(server.output.match(/Stop reason/g)).toHaveLength(1);
    });

    it('before it is ready saves as well, and does not say that it is ready', async () => {
      start({ SAMPLE_SAVE_MS: '1200' });
      await server.waitForOutput(/Loading/);
      server.write('/stop');
      await server.expectSavedStop();
      expect(server.output).not.toMatch(READY);
    });
  });

  it('goes on when its console ends', async () => {
    start();
    await server.waitForOutput(/Loading/);
    server.child.stdin?.end();
    await server.waitForOutput(READY);
    expect(server.isRunning).toBe(true);
  });

  it('saves and exits with 0 when nobody reads its output any more', async () => {
    start();
    await server.waitForOutput(/Loading/);
    server.child.stdout?.destroy();
    server.write('/a first line');
    server.write('/a second one');
    server.write('/stop');
    await server.expectSavedStop();
  });

  it.each([
    ['SAMPLE_LOAD_PERCENT', '101'],
    ['SAMPLE_SAVE_MS', 'soon'],
  ])('refuses %s=%s in one line', async (name, value) => {
    start({ [name]: value });
    expect(await server.exited).toEqual([1, null]);
    expect(server.errors).toMatch(new RegExp(`^${name}="${value}" cannot be used; allowed: .*\n$`));
  });
});

/** The program, run as a game server manager runs it; its save takes 50 ms unless a test says otherwise. */
class SampleServer {
  output = '';
  errors = '';
  readonly saveFile: string;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;

  constructor(folder: string, variables: Record<string, string>) {
    this.saveFile = join(folder, 'saved.txt');
    this.child = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, SAMPLE_SAVE_MS: '50', SAMPLE_SAVE_FILE: this.saveFile, ...variables },
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.exited = once(this.child, 'close');
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  write(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async waitForOutput(pattern: RegExp): Promise<void> {
    await waitFor(() => {
      if (pattern.test(this.output)) return true;
      if (!this.isRunning) throw new Error(`it ended:\n${this.output}${this.errors}`);
      return false;
    });
  }

  async askForStats(): Promise<Record<string, string | undefined>> {
    this.write('/stats compact');
    await this.waitForOutput(STATS);
    return STATS.exec(this.output)?.groups ?? {};
  }

  async expectSavedStop(): Promise<void> {
    expect(await this.exited).toEqual([0, null]);
    expect(readFileSync(this.saveFile, 'utf8')).toBe('saved\n');
    expect(this.errors).toBe('');
  }

  /** User and system time from /proc, whose clock ticks are 10 ms. */
  cpuMs(): number {
    const afterName = this.readProc('stat').split(') ')[1]?.split(' ') ?? [];
    return (Number(afterName[11]) + Number(afterName[12])) * 10;
  }

  residentMb(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(this.readProc('status'))?.[1]) / 1024;
  }

  /** Sends SIGKILL unless it has ended. */
  async kill(): Promise<void> {
    if (this.isRunning) this.child.kill('SIGKILL');
    await this.exited;
  }

  private readProc(file: string): string {
    return readFileSync(`/proc/${String(this.child.pid)}/${file}`, 'utf8');
  }
}
