import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { EnvError } from './env.js';

const ASSIGNMENT = /^\s*(?:export\s+)?(VS_\w+)\s*=\s*(.*)$/;

/**
 * Adds the variables of a `.env` file, if there is one, to the environment, which wins. Throws an {@link EnvError} when
 * the file cannot be read, and for each line of which a part would silently be lost.
 */
export function loadEnvFile(path: string): void {
  const text = read(path);
  if (text === null) return;
  const problems = text.split('\n').flatMap((line, i) => {
    const [, name, value = ''] = ASSIGNMENT.exec(line) ?? [];
    const problem = name === undefined ? null : lossOf(value.trim());
    return problem === null ? [] : [`${path}, line ${i + 1}: ${name ?? ''} ${problem}`];
  });
  if (problems.length > 0) throw new EnvError(problems);
  for (const [name, value] of Object.entries(parseEnv(text))) process.env[name] ??= value;
}

/** What the file format would drop of a value; null: nothing but a comment. */
function lossOf(value: string): string | null {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined) return /[^\s#]#/.test(value) ? 'has a # in it: put the value in quotes' : null;
  const end = value.indexOf(quote, 1);
  // Without an end on this line the value goes on in the next ones.
  const rest = end === -1 ? '' : value.slice(end + 1).trim();
  if (rest === '' || rest.startsWith('#')) return null;
  return `goes on after its closing ${quote}: put the whole value in quotes of another kind`;
}

function read(path: string): string | null {
  try {
    // Editors on Windows begin a file with a byte order mark.
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new EnvError([`${path} cannot be read: ${code === 'EISDIR' ? 'it is a folder' : message}`]);
  }
}
