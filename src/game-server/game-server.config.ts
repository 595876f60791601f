import { type ConfigType, registerAs } from '@nestjs/config';
import * as z from 'zod';
import { readDataDir } from '../config/data-dir.js';
import { envBoolean, envNumber, readEnv } from '../config/env.js';
import { envPath, envText, shellSyntax } from '../config/env-text.js';
import { isWindows } from '../process/platform.js';
import { dataPathOf } from './data-path.js';
import { splitCommandLine } from './command-line.js';

const commandLine = envText('', shellSyntax).transform((line, context) => {
  try {
    const command = splitCommandLine(line, isWindows);
    if (command[0] !== '') return command;
  } catch {
    // Refused below.
  }
  context.addIssue({ code: 'custom', message: 'a program and its arguments, with balanced quotes' });
  return z.NEVER;
});

const variables = z
  .object({
    VS_SERVER_COMMAND: commandLine,
    VS_SERVER_CWD: envPath('.'),
    VS_SERVER_AUTOSTART: envBoolean(false),
    VS_SERVER_STOP_COMMAND: envText('/stop'),
    VS_SERVER_STOP_TIMEOUT: envNumber(30, '0 to 3600 (seconds)', (seconds) => seconds <= 3600),
    VS_SERVER_PID_FILE: envPath(''),
    VS_SERVER_DATA_PATH: envPath(''),
    VS_SERVER_RESTART: z.enum(['never', 'on-crash'], 'never or on-crash').default('never'),
  })
  .refine((env) => env.VS_SERVER_PID_FILE === '' || env.VS_SERVER_COMMAND.length === 0, {
    path: ['VS_SERVER_PID_FILE'],
    message: 'only without VS_SERVER_COMMAND; unset one of the two',
  })
  .refine((env) => env.VS_SERVER_PID_FILE === '' || env.VS_SERVER_RESTART === 'never', {
    path: ['VS_SERVER_RESTART'],
    message: 'never, with VS_SERVER_PID_FILE: what runs the game has to restart it',
  });

/** Settings of the game server, from `VS_SERVER_*` and `VS_DATA_DIR`. */
export const gameServerConfig = registerAs('server', () => {
  const env = readEnv(variables, ['VS_SERVER_STOP_COMMAND']);
  const { VS_SERVER_COMMAND: command, VS_SERVER_CWD: cwd } = env;
  const dataDir = readDataDir();
  const dataPath = env.VS_SERVER_DATA_PATH === '' ? dataPathOf(command, cwd) : env.VS_SERVER_DATA_PATH;
  return {
    /** Program and arguments; empty: nothing to run. */
    command,
    cwd,
    autostart: env.VS_SERVER_AUTOSTART,
    /** Console line that asks the game to save and stop; empty: none. */
    stopCommand: env.VS_SERVER_STOP_COMMAND,
    stopTimeoutMs: env.VS_SERVER_STOP_TIMEOUT * 1000,
    /** Whether a game that crashed is started again. */
    restartsOnCrash: env.VS_SERVER_RESTART === 'on-crash',
    /** File in which something else keeps the game's pid; empty: the game is ours to run. */
    pidFile: env.VS_SERVER_PID_FILE,
    /** Folder where state is kept; empty: nothing is kept. */
    dataDir,
    /** Folder of the game's own data; null: not known. */
    dataPath,
    /** Folder whose disk is watched: the game's, else ours; null: none. */
    diskPath: dataPath ?? (dataDir === '' ? null : dataDir),
  };
});

/** Typed settings of the game server. */
export type GameServerConfig = ConfigType<typeof gameServerConfig>;
