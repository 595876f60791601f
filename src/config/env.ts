import { z } from 'zod';

/** Environment variables hold values that cannot be used; `lines` has one sentence for each of them. */
export class EnvError extends Error {
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

/** Says whether a variable holds a key: its value is never printed, nor handed to a child process. */
export function isSecretVariable(name: string): boolean {
  return name.startsWith('VS_API_KEY_');
}

/** Names of the variables that were read so far. */
const known = new Set<string>();

/**
 * Reads a module's variables from the environment, in the types of `schema`. An empty value counts as unset
 * unless `emptyMeans` names the variable. Throws {@link EnvError} with every bad variable at once.
 */
export function readEnv<S extends z.ZodObject>(
  schema: S,
  emptyMeans: readonly (keyof S['shape'])[] = [],
): z.output<S> {
  const raw = Object.keys(schema.shape).flatMap((name) => {
    known.add(name);
    const value = process.env[name]?.trim();
    return value === undefined || (value === '' && !emptyMeans.includes(name)) ? [] : [[name, value]];
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
      return `${name}=${value} cannot be used; allowed: ${message}`;
    }),
  );
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

/** Names in the environment that look like variables of ours and that nothing has read: misspelt, most likely. */
export function unknownVariables(): string[] {
  return Object.keys(process.env).filter((name) => name.startsWith('VS_') && !known.has(name));
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
