import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { isSecretVariable } from '../config/env.js';
import { OutputTail } from './output-tail.js';
import { isGroupAlive, signalGroup } from './process-group.js';

const GROUP_POLL_MS = 50;
/** How long the kernel may take to remove a group after SIGKILL. */
const KILL_WAIT_MS = 5_000;

/** How a process ended: one of the two is null. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * One run of a command: a child process that leads a group of its own, so that Ctrl-C in our terminal does
 * not reach it and a signal reaches its children. Its output is always read; an unread pipe would stop it.
 */
export class GameProcess {
  readonly pid: number;
  /** Resolves when the command itself has ended; its children may still run. */
  readonly exited: Promise<ProcessExit>;
  private readonly spawnedAtMs = performance.now();
  private readonly tail = new OutputTail();
  private exit: ProcessExit | null = null;

  private constructor(private readonly child: ChildProcess) {
    if (child.pid === undefined) throw new Error('the command has no process');
    this.pid = child.pid;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      this.tail.append(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.tail.append(chunk);
    });
    // A game that closed its console: the stop command gets lost, the signals that follow do not.
    child.stdin?.on('error', () => undefined);
  }

  /** Starts a command without a shell and without our keys; rejects with the system's error. */
  static async spawn(command: readonly string[], cwd: string): Promise<GameProcess> {
    const [program = '', ...args] = command;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isSecretVariable(name)));
    const child = spawn(program, args, { cwd, env, detached: true, windowsHide: true });
    if (child.pid === undefined) {
      const [error] = (await once(child, 'error')) as [Error];
      throw error;
    }
    const game = new GameProcess(child);
    await once(child, 'spawn');
    return game;
  }

  get uptimeSeconds(): number {
    return Math.floor((performance.now() - this.spawnedAtMs) / 1000);
  }

  /** False once the command itself has ended. */
  get isRunning(): boolean {
    return this.exit === null;
  }

  /** True until the command and all of its group have ended. */
  get isAlive(): boolean {
    return this.isRunning || isGroupAlive(this.pid);
  }

  /** The last lines that it wrote, oldest first. */
  outputTail(): string[] {
    return this.tail.lines();
  }

  /**
   * Ends the whole group: the console command (unless empty), SIGTERM, SIGKILL, each when the one before has
   * had no effect for `timeoutMs`. Resolves when nothing is left; rejects when we may not signal it, or when it
   * outlives even SIGKILL.
   */
  async end(stopCommand: string, timeoutMs: number): Promise<void> {
    if (stopCommand !== '' && this.isRunning) {
      this.child.stdin?.write(`${stopCommand}\n`);
      if (await this.endsWithin(timeoutMs)) return;
    }
    signalGroup(this.pid, 'SIGTERM');
    if (await this.endsWithin(timeoutMs)) return;
    signalGroup(this.pid, 'SIGKILL');
    if (!(await this.endsWithin(KILL_WAIT_MS))) throw new Error('SIGKILL has no effect');
  }

  /** Resolves when the command and all of its group have ended, by whatever means. */
  async ended(): Promise<void> {
    await this.exited;
    while (this.isAlive) await delay(GROUP_POLL_MS, undefined, { ref: false });
  }

  private async endsWithin(timeoutMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    while (this.isAlive) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return false;
      await (this.isRunning ? this.exitOr(leftMs) : delay(Math.min(GROUP_POLL_MS, leftMs)));
    }
    return true;
  }

  private async exitOr(timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    const elapsed = delay(timeoutMs, undefined, { signal: timeout.signal }).catch(() => undefined);
    await Promise.race([this.exited, elapsed]);
    timeout.abort();
  }
}
