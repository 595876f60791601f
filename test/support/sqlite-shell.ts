import { execFileSync } from 'node:child_process';

/** What the `sqlite3` shell answers, as a person would ask it: a file is opened, read and closed by another process. */
export function sqlite(file: string, sql: string): string {
  return execFileSync('sqlite3', ['-bail', file], {
    input: `${sql};\n`,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  }).trim();
}

/** The times of all samples in the file, in the order in which they were written. */
export function storedTimes(file: string): string[] {
  const text = sqlite(file, 'SELECT time_ms FROM sample ORDER BY id');
  return text === '' ? [] : text.split('\n').map((line) => new Date(Number(line)).toISOString());
}
