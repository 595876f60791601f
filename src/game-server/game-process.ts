import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Subject } from 'rxjs';
import { isSecretVariable } from '../config/env.js';
import { steadyNowMs } from '../process/clock.js';
import { MARK_VARIABLE } from './game-mark.js';
import { OutputTail } from './output-tail.js';
import { type ProcessExit, RunningGame } from './running-game.js';

/** What a process wrote last is read after its end has been seen; a child of its may hold the pipe for ever. */
const LAST_OUTPUT_MS = 1000;

/**
 * One run of a command: a child process that leads a group of its own, so that Ctrl-C in our terminal does
 * not reach it and a signal reaches its children. Its output is always read; an unread pipe would stop it.
 */
export class GameProcess extends RunningGame {
  override readonly pid: number;
  override readonly exited: Promise<ProcessExit>;
  private readonly spawnedAtMs = steadyNowMs();
  private readonly tail = new OutputTail();
  private readonly output = new Subject<Buffer>();
  override readonly output$ = this.output.asObservable();
  private exit: ProcessExit | null = null;

  private constructor(private readonly child: ChildProcess) {
    super();
    if (child.pid === undefined) throw new Error('the command has no process');
    this.pid = child.pid;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
        setTimeout(() => {
          this.output.complete();
        }, LAST_OUTPUT_MS).unref();
      });
      child.once('close', () => {
        this.output.complete();
      });
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      this.tail.append(chunk);
      this.output.next(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.tail.append(chunk);
    });
    // A game that closed its console: the stop command gets lost, the signals that follow do not.
    child.stdin?.on('error', () => undefined);
  }

  /**
   * Starts a command without a shell, in our environment without our keys, and with a mark by which it is known;
   * rejects with the system's error.
   */
  static async spawn(command: readonly string[], cwd: string, mark: string): Promise<GameProcess> {
    const [program = '', ...args] = command;
    const ours = Object.entries(process.env).filter(([name]) => !isSecretVariable(name));
    const env = { ...Object.fromEntries(ours), [MARK_VARIABLE]: mark };
    const child = spawn(program, args, { cwd, env, detached: true, windowsHide: true });
    if (child.pid === undefined) {
      const [error] = (await once(child, 'error')) as [Error];
      throw error;
    }
    const game = new GameProcess(child);
    await once(child, 'spawn');
    return game;
  }

  override get uptimeSeconds(): number {
    return Math.floor((steadyNowMs() - this.spawnedAtMs) / 1000);
  }

  override get isRunning(): boolean {
    return this.exit === null;
  }

  override outputTail(): string[] {
    return this.tail.lines();
  }

  override sendCommand(line: string): boolean {
    this.child.stdin?.write(`${line}\n`);
    return true;
  }
}
