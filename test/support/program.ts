import { type ChildProcess, spawn } from 'node:child_process';
import { hasEnded } from '../../src/testing/game-programs.js';
import { waitFor } from '../../src/testing/wait-for.js';

/** A server of somebody else, with what it said. */
export class Program {
  output = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    const killIt = () => child.kill('SIGKILL');
    process.once('exit', killIt);
    child.once('close', () => process.off('exit', killIt));
  }

  /** Starts it in `cwd`; resolves when `readyUrl` answers with 200, and ends it when it does not. */
  static async start(command: readonly string[], cwd: string, readyUrl: string): Promise<Program> {
    const [name = '', ...args] = command;
    const program = new Program(spawn(name, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] }));
    const answers = async () => {
      if (program.child.exitCode !== null) throw new Error(`${name} ended:\n${program.output}`);
      return (await fetch(readyUrl).catch(() => null))?.status === 200;
    };
    try {
      await waitFor(answers, `${name} answers`, 90_000);
    } catch (error) {
      await program.stop();
      throw error;
    }
    return program;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGTERM');
    await hasEnded(this.child);
  }
}
