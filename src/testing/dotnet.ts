import { describe } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DotnetProcess } from '../telemetry/dotnet/find-runtime.js';
import { describeWith } from './components.js';
import { COMPILER, dotnetProgram, RUNTIME } from './dotnet/program.mjs';

const WAIT_MS = 60_000;

/** What the game's runtime counts itself. */
export interface GcStats {
  readonly memoryBytes: number;
  /** As `GC.CollectionCount` tells: one of generation 2 is one of generations 0 and 1 as well. */
  readonly collections: readonly [number, number, number];
  readonly pauseMs: number;
  readonly isServer: boolean;
}

/** A `describe` for tests that need a real .NET runtime, and the compiler for its program. */
export function describeWithDotnet(): typeof describe | typeof describe.skip {
  return [
    describeWith('mono-mcs', COMPILER),
    describeWith('a .NET runtime (.ci/run installs it)', RUNTIME),
  ].includes(describe.skip)
    ? describe.skip
    : describe;
}

/** A running .NET program, `SampleGame.cs`: what it can do is said there. */
export class DotnetGame {
  private output = '';

  private constructor(
    readonly child: ChildProcess,
    readonly process: DotnetProcess,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Resolves once it is ready. `isFavoured` puts it before everything else that wants to run, if that is allowed. */
  static async start(
    env: NodeJS.ProcessEnv = {},
    args: readonly string[] = [],
    isFavoured = false,
  ): Promise<DotnetGame> {
    const program = dotnetProgram();
    const command = isFavoured && process.geteuid?.() === 0 ? ['nice', '-n', '-15', program] : [program];
    const child = spawn(command[0] ?? program, [...command.slice(1), ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (child.pid === undefined) throw new Error('the .NET game could not be started');
    const game = new DotnetGame(child, processOf(child.pid));
    child.stdin.on('error', () => undefined);
    await game.printed(/now running on Port/);
    return game;
  }

  get pid(): number {
    return this.process.pid;
  }

  /** How many sessions are open in it. */
  get sessions(): number {
    return sessionsOf(this.pid);
  }

  send(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** What its runtime counts, now or after a forced full collection. */
  async stats(command: '/gcstats' | '/gc' = '/gcstats'): Promise<GcStats> {
    this.output = '';
    this.send(command);
    return JSON.parse((await this.printed(/^gc (\{.*\})$/m))[1] ?? '') as GcStats;
  }

  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const fromMs = performance.now();
    while (performance.now() - fromMs < WAIT_MS && this.child.exitCode === null) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      await sleep(5);
    }
    throw new Error(`the .NET game did not print ${String(pattern)}: ${this.output}`);
  }

  /** The proper way, as its people do. */
  async stop(): Promise<void> {
    this.send('/stop');
    await this.ended();
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended();
    // A runtime that is killed leaves its socket behind.
    rmSync(`/tmp/dotnet-diagnostic-${this.pid}-${this.process.startTick}-socket`, { force: true });
  }

  private async ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }
}

/** How many sessions are open in a runtime: it has a thread for each, and one more of the same name that answers at the socket. */
export function sessionsOf(pid: number): number {
  // At most 15 characters each, as the kernel has them.
  const threads = execFileSync('ps', ['-T', '-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' });
  return (
    threads
      .trim()
      .split('\n')
      .filter((name) => name === '.NET EventPipe').length - 1
  );
}

/** What tells a process from all others, as the kernel has it. */
export function processOf(pid: number): DotnetProcess {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return { pid, startTick: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) };
}
