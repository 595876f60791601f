import { split } from 'shlex';

/**
 * Splits a command line into words, as a POSIX shell does: quotes of both kinds keep words together, a backslash takes
 * the meaning from the next character. On Windows, where it stands in paths, it is a character like any other. Throws
 * when a quote is not closed.
 */
export function splitCommandLine(line: string, isWindows: boolean): string[] {
  if (!isWindows) return split(line);
  // NUL is in no command line: no environment variable can hold one.
  return split(line.replaceAll('\\', '\0')).map((word) => word.replaceAll('\0', '\\'));
}
