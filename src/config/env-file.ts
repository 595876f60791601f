import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { addVariable, EnvError } from './env.js';
import { type EnvStatement, envStatements, openingQuote, valueOf } from './env-statement.js';

/**
 * Adds the variables of a `.env` file, if there is one, to the environment, which wins. Throws an {@link EnvError} when
 * the file cannot be read or, being required, is not there, and for each line that would be lost or, in a variable of ours,
 * mean something other than it says.
 */
export function loadEnvFile(path: string, { isRequired = false } = {}): void {
  const text = read(path);
  if (text === null) {
    if (isRequired) throw new EnvError([`${path} does not exist`]);
    return;
  }
  const statements = envStatements(text);
  const problems = statements.flatMap((statement) => {
    const problem = problemOf(statement) ?? contradiction(statement, statements);
    return problem === null ? [] : [`${path}, line ${statement.line}: ${problem}`];
  });
  if (problems.length > 0) throw new EnvError(problems);
  // As in a shell, the last of several counts.
  for (const statement of statements.toReversed()) {
    addVariable(statement.name ?? '', valueOf(statement), `${path}, line ${statement.line}`);
  }
}

/** What is wrong with a statement, without a word of its value, which may be a secret. */
function problemOf({ name, raw, ours, swallows }: EnvStatement): string | null {
  const isAssignment = name !== null && /^[^\s-]\S*$/.test(name);
  if (ours === null) {
    if (!isAssignment) {
      return 'neither NAME=value nor a comment, which begins with #; a value of several lines needs quotes around it';
    }
    return swallows === null
      ? null
      : `a quote is opened here and not closed before ${swallows}: close it at the end of the value`;
  }
  if ((name ?? '').includes('\uFFFD') || raw.includes('\uFFFD')) {
    return `${ours} has characters that are not UTF-8: save the file as UTF-8`;
  }
  if (!isAssignment || !/^VS_\w+$/i.test(name))
    return `${ours} is not set like this: write ${ours.toUpperCase().replaceAll('-', '_')}=value`;
  const problem = valueProblem(raw);
  return problem === null ? null : `${name} ${problem}`;
}

/** What an unquoted value must not look like, and the remedy. */
const UNQUOTED: readonly (readonly [RegExp, string])[] = [
  [/^#[^\s#]|[^\s#]#/, 'has a # in it: put the value in quotes'],
  [/^\s*[“”„‟‘’‚‛«»]/, 'begins with a typographic quote: use " or \''],
  [/^=/, 'has two = after its name: put the value in quotes if it begins with ='],
  [/\s\\\s*$/, 'ends with \\, but does not go on in the next line: write it in one'],
  [/;\s*$/, 'ends with a semicolon: leave it out, or put the value in quotes'],
  [/\sVS_\w+=/i, 'has another variable in its line: give that a line of its own, or put the value in quotes'],
];

function valueProblem(raw: string): string | null {
  const quote = openingQuote(raw);
  if (quote === undefined) return UNQUOTED.find(([pattern]) => pattern.test(raw))?.[1] ?? null;
  const value = raw.trim();
  const end = value.indexOf(quote, 1);
  if (end === -1) return `opens a quote (${quote}) and does not close it: close it at the end of the value`;
  const rest = value.slice(end + 1).trim();
  if (rest !== '' && !rest.startsWith('#')) {
    return `goes on after its closing ${quote}: put the whole value in quotes of another kind`;
  }
  if (quote === '"' && value.slice(0, end).includes('\\n')) {
    return "has \\n in it, which is a line break in such quotes: use ' instead";
  }
  return null;
}

/** Two different values of one variable of ours: nobody can tell which is meant. An empty one may be filled in later. */
function contradiction(statement: EnvStatement, all: readonly EnvStatement[]): string | null {
  const { name, ours } = statement;
  if (ours === null) return null;
  const earlier = all.find((other) => other.name === name && valueOf(other).trim() !== '');
  if (earlier === undefined || earlier.line >= statement.line) return null;
  if (valueOf(earlier).trim() === valueOf(statement).trim()) return null;
  return `${ours} has another value in line ${earlier.line}: remove one of the two`;
}

function read(path: string): string | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return noFile(path);
    throw new EnvError([`${path} cannot be read: ${code === 'EISDIR' ? 'it is a folder' : message}`]);
  }
  const mark = bytes.toString('hex', 0, 2);
  if (mark === 'fffe' || mark === 'feff') {
    throw new EnvError([`${path} is UTF-16 text, as PowerShell's > writes it: save it as UTF-8`]);
  }
  const text = bytes.toString('utf8');
  if (text.includes('\0')) {
    throw new EnvError([`${path} has NUL bytes in it, so it is UTF-16 text or damaged: save it as UTF-8`]);
  }
  return text;
}

/** Nothing where there is no file; throws where there was to be one. */
function noFile(path: string): null {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw new EnvError([`${path} is a link to a file that is not there`]);
  }
  if (existsSync(`${path}.txt`)) throw new EnvError([`${path}.txt is not read: rename it to ${path}`]);
  return null;
}
