import * as z from 'zod';
import { isWindows } from '../process/platform.js';

/** Environment variables hold values that cannot be used; `lines` has one sentence for each of them. */
export class EnvError extends Error {
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

/** Says whether a variable holds a key or a webhook's address, misspelt or not: its value is never printed, nor handed to a child process. */
export function isSecretVariable(name: string): boolean {
  return /^VS_(?:API_?KEY|\w*WEB_?HOOK)/i.test(name);
}

const known = new Map<string, z.core.$ZodType>();
/** Where those variables come from that a file added. */
const origins = new Map<string, { readonly value: string; readonly where: string }>();

/** Adds a variable to the environment, which wins. `where` it stands is said when its value cannot be used. */
export function addVariable(name: string, value: string, where: string): void {
  if (process.env[name] !== undefined) return;
  process.env[name] = value;
  origins.set(name, { value, where });
}

/** Says whether a variable has a value that counts: an empty one counts as unset. */
export function isVariableSet(name: string): boolean {
  return textOf(name) !== '';
}

/**
 * Reads a module's variables from the environment, in the types of `schema`. An empty value counts as unset
 * unless `emptyMeans` names the variable. Throws {@link EnvError} with every bad variable at once.
 */
export function readEnv<S extends z.ZodObject>(
  schema: S,
  emptyMeans: readonly (keyof S['shape'])[] = [],
): z.output<S> {
  const raw = Object.entries<z.core.$ZodType>(schema.shape).flatMap(([name, valueSchema]) => {
    known.set(name, valueSchema);
    const isSet = isVariableSet(name) || (process.env[name] !== undefined && emptyMeans.includes(name));
    return isSet ? [[name, textOf(name)]] : [];
  });
  const values = Object.fromEntries(raw) as Record<string, string>;
  const result = schema.safeParse(values);
  if (result.success) return result.data;

  const allowed = new Map<string, string>();
  for (const issue of result.error.issues) {
    const name = String(issue.path[0]);
    if (!allowed.has(name)) allowed.set(name, issue.message);
  }
  throw new EnvError(
    [...allowed].map(([name, message]) => {
      const value = isSecretVariable(name) ? '(value not shown)' : JSON.stringify(values[name]);
      const origin = origins.get(name);
      const where = origin !== undefined && origin.value === process.env[name] ? `${origin.where}: ` : '';
      return `${where}${name}=${value} cannot be used; allowed: ${message}`;
    }),
  );
}

/** The variables that were read so far: their names, and the schemas of their values. */
export function knownVariables(): ReadonlyMap<string, z.core.$ZodType> {
  return known;
}

/** Runs every module's settings once, so that all bad variables are reported together. */
export function checkSettings(settings: readonly (() => unknown)[]): void {
  const lines = settings.flatMap((read) => {
    try {
      read();
      return [];
    } catch (error) {
      if (error instanceof EnvError) return error.lines;
      throw error;
    }
  });
  if (lines.length > 0) throw new EnvError([...new Set(lines)]);
}

/** What is odd about the environment, in sentences for the log: all variables must have been read. */
export function envWarnings(): string[] {
  const unknown = unknownVariables();
  return [
    ...(unknown.length === 0
      ? []
      : [`Variables that are not known here, and do nothing: ${unknown.join(', ')}`]),
    ...[...known.keys()].flatMap((name) => {
      const part = oddPart(name, textOf(name));
      return part === null ? [] : [`${name} ${part}`];
    }),
  ];
}

function textOf(name: string): string {
  return process.env[name]?.trim() ?? '';
}

/** Names that look like variables of ours and that nothing has read: misspelt, most likely. */
function unknownVariables(): string[] {
  // On Windows upper and lower case are the same.
  const isKnown = (name: string) => known.has(isWindows ? name.toUpperCase() : name);
  return Object.keys(process.env).filter((name) => /^VS_/i.test(name) && !isKnown(name));
}

/** What `docker run --env-file` and `set` of Windows take for a part of the value; null: nothing. */
function oddPart(name: string, value: string): string | null {
  // The words of a command may be in quotes, a program together with its options may not.
  const isCommand = name === 'VS_SERVER_COMMAND';
  const quotation = isCommand
    ? /^(["'])(?:(?!\1).)*\s-(?:(?!\1).)*\1$/s
    : /^(["'`]).*\1$|^[“”„‘’‚«].*[“”‘’»]$/s;
  if (quotation.test(value))
    return 'begins and ends with quotes, which are a part of its value here: leave them out';
  // A command with a comment is refused.
  return !isCommand && /\s#\s/.test(value)
    ? 'has a # in its value, which begins no comment here: leave it out'
    : null;
}

/** A variable that holds a decimal number; `allowed` says which, for the error line. */
export function envNumber(fallback: number, allowed: string, accepts: (value: number) => boolean) {
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, allowed)
    .transform(Number)
    .refine(accepts, allowed)
    .default(fallback);
}

/** A variable that holds `true` or `false`. */
export function envBoolean(fallback: boolean) {
  return z
    .enum(['true', 'false'], 'true or false')
    .transform((value) => value === 'true')
    .default(fallback);
}
