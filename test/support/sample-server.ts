import { expect } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { waitFor } from '../../src/testing/wait-for.js';

const PROGRAM = resolve('examples/sample-server.mjs');
/** Its line that says that it is ready. */
export const READY = /^.* \[Server Event\] Dedicated Server now running on Port 42420 and all ips!$/m;
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

/** The program, run as a game server manager runs it; its save takes 50 ms unless a test says otherwise. */
export class SampleServer {
  output = '';
  errors = '';
  readonly saveFile: string;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
  /** What it wrote before it ended may be read after that. */
  private hasClosed = false;

  constructor(folder: string, variables: Record<string, string>) {
    this.saveFile = join(folder, 'saved.txt');
    this.child = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, SAMPLE_SAVE_MS: '50', SAMPLE_SAVE_FILE: this.saveFile, ...variables },
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    // A line may be written to it when it has just ended.
    this.child.stdin?.on('error', () => undefined);
    this.exited = once(this.child, 'close');
    this.child.once('close', () => (this.hasClosed = true));
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
      if (this.hasClosed) throw new Error(`it ended:\n${this.output}${this.errors}`);
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
