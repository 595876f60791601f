import { inspect } from 'node:util';
import { type Arguments } from './arguments.js';
import { EnvError } from './config/env.js';
import { loadEnvFile } from './config/env-file.js';
import { setUpDemo } from './demo.js';
import { prepareHistory } from './history/prepare-history.js';
import { ListenError } from './listen-error.js';
import { setUpLog } from './log/process-log.js';
import { visibleText } from './log/visible-text.js';

/**
 * Runs the application until it is told to end. A start that fails is reported in a line for each reason, and ends the
 * process with exit code 1.
 */
export async function run({ demo, envFile }: Pick<Arguments, 'demo' | 'envFile'>): Promise<void> {
  const log = setUpLog();
  try {
    // What is set first wins. A real server's settings do not fit the demo.
    if (demo) setUpDemo();
    if (envFile !== null) loadEnvFile(envFile, { isRequired: true });
    else if (!demo) loadEnvFile('.env');
    prepareHistory();
    // Most of the program, and of the time that a start takes.
    const { start } = await import('./start.js');
    await start(log);
  } catch (error) {
    const isExpected = error instanceof EnvError || error instanceof ListenError;
    const lines = isExpected ? error.message.split('\n') : [inspect(error)];
    for (const line of lines) console.error(visibleText(line));
    await log.flush();
    process.exit(1);
  }
}
