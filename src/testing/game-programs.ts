// Programs that play the game server. Used by unit specs of game-server/ and by end-to-end tests.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { waitFor } from './wait-for.js';

/** The command line of a Node program given as text. */
export function nodeProgram(script: string): string[] {
  return [process.execPath, '-e', script];
}

/** The command line of a shell program given as text. */
export function shellProgram(script: string): string[] {
  return ['sh', '-c', script];
}

/** A game that does nothing: it does not read its console, and SIGTERM ends it at once. */
export const idleGame: readonly string[] = ['sleep', '60'];

/** A game that ignores SIGTERM; it makes the file `ready` once it does. */
export function stubbornGame(ready: string): string[] {
  return shellProgram(`trap '' TERM; touch '${ready}'; exec sleep 60`);
}

/** Script of a game that saves when it reads `/stop`: `saved` says by what, and is written after `savesForMs`. */
export function savingGame(saved: string, ready: string, savesForMs = 0): string {
  return `
    const fs = require('node:fs');
    const save = (by) => setTimeout(() => {
      fs.writeFileSync(${JSON.stringify(saved)}, by);
      process.exit(0);
    }, ${savesForMs});
    process.on('SIGTERM', () => save('SIGTERM'));
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      if (line === '/stop') save(line);
    });
    setInterval(() => undefined, 1000);
    fs.writeFileSync(${JSON.stringify(ready)}, String(process.pid));`;
}

/** Makes a program of one file; returns its path. */
export function executable(path: string, text: string, mode = 0o755): string {
  writeFileSync(path, text, { mode });
  return path;
}

/** The processes of a group that are alive (a zombie is not), as `ps` tells. */
export function groupMembers(leaderPid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=', '-o', 'pgid=', '-o', 'stat='], { encoding: 'utf8' });
  return table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, group, state]) => Number(group) === leaderPid && state?.startsWith('Z') === false)
    .map(([pid]) => Number(pid));
}

/** A game that, started by root, is the process of another user; it makes the file `ready` once it is. */
export function otherUsersGame(ready: string): string[] {
  return nodeProgram(`process.setuid(1234);
    setInterval(() => undefined, 1000);
    require('node:fs').writeFileSync(${JSON.stringify(ready)}, '');`);
}

/**
 * Runs an action without the rights of root, whom no file mode stops; other users' processes may then not be
 * signalled. Anyone else runs it as himself.
 */
export async function asNobody<T>(action: () => Promise<T>): Promise<T> {
  const { geteuid, seteuid } = process;
  if (geteuid?.() !== 0) return action();
  seteuid?.(65534);
  try {
    return await action();
  } finally {
    seteuid?.(0);
  }
}

/** Resolves when a child process has ended. */
export async function hasEnded(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** A zombie that leads a group of its own, whose parent never sees to it; `free` ends the parent. */
export async function makeZombie(): Promise<{ pid: number; free: () => Promise<void> }> {
  const parent = spawn('sh', ['-c', 'setsid sleep 0.1 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(output.toString());
  const state = () => execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  await waitFor(() => state().startsWith('Z'));
  return {
    pid,
    free: async () => {
      parent.kill('SIGKILL');
      await hasEnded(parent);
    },
  };
}
