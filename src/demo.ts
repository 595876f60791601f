import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { addVariable, EnvError } from './config/env.js';

const SAMPLE_SERVER = fileURLToPath(new URL('../examples/sample-server.mjs', import.meta.url));

/** Sets what the demo needs; what is in the environment already wins. Throws an {@link EnvError} where there is no sample server. */
export function setUpDemo(): void {
  if (!existsSync(SAMPLE_SERVER)) throw new EnvError([`--demo needs the sample server, ${SAMPLE_SERVER}`]);
  const variables = {
    VS_METRICS_INTERVAL: '2',
    VS_METRICS_CAPACITY: '3600',
    VS_DATA_DIR: './data/demo',
    VS_SERVER_COMMAND: [process.execPath, SAMPLE_SERVER].map(quoted).join(' '),
    VS_SERVER_AUTOSTART: 'true',
    VS_SERVER_STATS_INTERVAL: '5',
    VS_SERVER_NAME: 'Demo',
  };
  for (const [name, value] of Object.entries(variables)) addVariable(name, value, '--demo');
}

/** A word of a command line that is meant as it is written. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}
