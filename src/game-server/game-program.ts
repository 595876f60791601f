import { closeSync, constants, openSync, readSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { devNull } from 'node:os';
import { resolve } from 'node:path';
import { isWindows } from '../process/platform.js';
import { GameServerStartError } from './game-server-errors.js';

/** More than a start needs: three pipes of two ends each, and what tells that the program runs. */
const DESCRIPTORS = 12;
/** The kernel reads no more of a script's first line (execve(2)). */
const FIRST_LINE_BYTES = 256;

/** Throws a {@link GameServerStartError} unless there is the folder in which a program is to run. */
export async function requireFolder(cwd: string): Promise<void> {
  const problem = await folderProblem(cwd);
  if (problem !== null)
    throw new GameServerStartError(`The game server's folder ${cwd} ${problem} (VS_SERVER_CWD).`);
}

/**
 * Throws a {@link GameServerStartError} when it can be known beforehand that a start would fail: no folder, no program that may be run
 * (on Windows that is not looked at), no interpreter of a script, no free descriptor.
 */
export async function requireStartable(program: string, cwd: string): Promise<void> {
  await requireFolder(cwd);
  if (!isWindows) await requireProgram(program, cwd);
  try {
    takeDescriptors(DESCRIPTORS);
  } catch (error) {
    throw new GameServerStartError(
      `The API has no free descriptors to start a program with: ${messageOf(error)}.`,
    );
  }
}

/** Puts the error of a start into a sentence. */
export function startFailure(error: unknown, program: string): string {
  if (error instanceof GameServerStartError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `The game server's program ${program} was not found (VS_SERVER_COMMAND).`;
  if (code === 'EACCES') return `The game server's program ${program} may not be run (VS_SERVER_COMMAND).`;
  return `The game server could not be started: ${messageOf(error)}`;
}

async function folderProblem(cwd: string): Promise<string | null> {
  try {
    if (!(await stat(cwd)).isDirectory()) return 'is not a folder';
    // Only a folder that may be entered has something in it for us.
    await stat(`${cwd}/.`);
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'does not exist';
    return code === 'EACCES' ? 'may not be entered' : `cannot be used: ${message}`;
  }
}

async function requireProgram(program: string, cwd: string): Promise<void> {
  // As execvp(3) looks for it, in the folder in which it will run.
  const folders = program.includes('/') ? ['.'] : (process.env.PATH ?? '').split(':');
  let failure: unknown;
  for (const folder of folders) {
    const path = resolve(cwd, folder, program);
    try {
      await access(path, constants.X_OK);
      if (!(await stat(path)).isFile()) throw Object.assign(new Error('not a file'), { code: 'EACCES' });
      await requireInterpreter(program, path, cwd);
      return;
    } catch (error) {
      if (error instanceof GameServerStartError) throw error;
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failure ??= error;
      else failure = failure ?? error;
    }
  }
  throw new GameServerStartError(startFailure(failure, program));
}

async function requireInterpreter(program: string, path: string, cwd: string): Promise<void> {
  const interpreter = /^#![ \t]*([^\s\0]+)/.exec(firstBytes(path))?.[1];
  if (interpreter === undefined) return;
  try {
    await access(resolve(cwd, interpreter), constants.X_OK);
  } catch {
    throw new GameServerStartError(
      `The game server's program ${program} is a script for ${interpreter}, which cannot be run (VS_SERVER_COMMAND).`,
    );
  }
}

/** Empty for a program that may be run and not read. */
function firstBytes(path: string): string {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(FIRST_LINE_BYTES);
      return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, FIRST_LINE_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return '';
  }
}

function takeDescriptors(count: number): void {
  const taken: number[] = [];
  try {
    while (taken.length < count) taken.push(openSync(devNull, 'r'));
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
