// Real child programs to be measured. Used by unit specs of process/, metrics/ and game-server/, and by end-to-end tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelState } from './kernel.js';

/** No child outlives this, even when the test that should end it is killed. */
const LIFE_MS = 180_000;

const BURN = `const end = Date.now() + ${LIFE_MS}; while (Date.now() < end);`;
const BURN_IN_WORKER = `require('node:worker_threads').parentPort.postMessage('up'); ${BURN}`;

/** A real process to be measured. */
export interface Child {
  readonly pid: number;
  /** Ends it with SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/** A process whose parent never asks how it ended. */
export interface OrphanToBe {
  readonly pid: number;
  /** Ends it; resolves when it is a zombie. */
  readonly becomeZombie: () => Promise<void>;
}

/** Real child programs for one test file: `afterEach(() => children.end())` leaves none behind. */
export class Children {
  private readonly started = new Set<ChildProcess>();
  private readonly orphans = new Set<number>();

  /** Keeps `threads` cores busy; resolves when they all are. */
  async burning(threads = 1): Promise<Child> {
    if (threads === 1) return this.ready(`process.stdout.write('ready'); ${BURN}`);
    return this.ready(`
      const { Worker } = require('node:worker_threads');
      let up = 0;
      for (let i = 0; i < ${threads}; i++) {
        const worker = new Worker(${JSON.stringify(BURN_IN_WORKER)}, { eval: true });
        worker.on('message', () => { if (++up === ${threads}) process.stdout.write('ready'); });
      }`);
  }

  /** Does nothing, once it has started. */
  async sleeping(): Promise<Child> {
    return this.ready(`process.stdout.write('ready'); setTimeout(() => {}, ${LIFE_MS})`);
  }

  /** Burns from its very beginning; answers at once, so that the process can be met young. */
  newborn(): Child {
    return this.start(process.execPath, ['-e', BURN]).child;
  }

  /** A small program that does nothing; answers at once. */
  justStarted(): Child {
    return this.start('sleep', [String(LIFE_MS / 1000)]).child;
  }

  /** `sleep` under a shell that turned into another `sleep`: a parent that never waits for its child. */
  async zombieToBe(): Promise<OrphanToBe> {
    const { child: parent, output } = this.start('sh', [
      '-c',
      `sleep ${LIFE_MS / 1000} & echo $!; exec sleep ${LIFE_MS / 1000}`,
    ]);
    const pid = Number(await output);
    this.orphans.add(pid);
    // While it is the shell, the parent does wait.
    for (const each of [parent.pid, pid]) while (!isAsleep(each)) await sleep(5);
    return {
      pid,
      becomeZombie: async () => {
        process.kill(pid, 'SIGKILL');
        this.orphans.delete(pid);
        for (let state = kernelState(pid); state !== 'Z'; state = kernelState(pid)) {
          if (state === null) throw new Error(`somebody waited for process ${pid}`);
          await sleep(5);
        }
      },
    };
  }

  /** Ends all that still run. */
  async end(): Promise<void> {
    for (const pid of this.orphans) process.kill(pid, 'SIGKILL');
    this.orphans.clear();
    await Promise.all([...this.started].map(kill));
    this.started.clear();
  }

  private async ready(script: string): Promise<Child> {
    const { child, output } = this.start(process.execPath, ['-e', script]);
    await output;
    return child;
  }

  private start(program: string, args: string[]): { child: Child; output: Promise<string> } {
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const { pid } = started;
    if (pid === undefined) throw new Error(`${program} could not be started`);
    this.started.add(started);
    return {
      child: { pid, kill: () => kill(started) },
      output: once(started.stdout, 'data').then(([chunk]) => String(chunk)),
    };
  }
}

/** Whether a process has become the program `sleep`, and that has come to rest. */
export function isAsleep(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n' && kernelState(pid) === 'S';
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
