import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

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
