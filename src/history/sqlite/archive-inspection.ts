import { execFile, type ExecFileException } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ArchiveProblem } from './archive-problem.js';

/** The built program; also when this file is run as TypeScript (Jest compiles in memory). */
const LOOK_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../build/history/sqlite/archive-look.js', import.meta.url)
  : new URL('./archive-look.js', import.meta.url);
/** Enough for some hundred MB; what is larger is looked at as far as it goes. */
const LOOK_MS = 10_000;
/** Signals that a process brings upon itself. */
const CRASHES = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP'];

/**
 * Looks at an archive in a process of its own, since a damaged one may make the binding abort. Gives what is damaged, or
 * null; rejects with an {@link ArchiveProblem} when that cannot be found out.
 */
export async function findDamage(file: string): Promise<string | null> {
  const { error, said } = await look(file);
  const verdict = said.at(-1) ?? '';
  if (verdict === 'sound') return null;
  if (verdict.startsWith('damaged: ')) return verdict.slice('damaged: '.length);
  if (hasCrashed(error) && verdict !== '') {
    // Twice: a machine short of memory ends processes too.
    const again = await look(file);
    if (hasCrashed(again.error) && again.said.length > 0) return 'reading it makes SQLite crash';
  }
  // Large and, as far as it was looked at, sound.
  if (verdict === 'readable' && error?.killed === true) return null;
  throw new ArchiveProblem(
    `${file} could not be looked at: ${error?.message.split('\n')[0] ?? 'no answer'}`,
    'it could not be looked at',
  );
}

function look(file: string): Promise<{ error: ExecFileException | null; said: string[] }> {
  const options = { env: environment(), timeout: LOOK_MS, killSignal: 'SIGKILL', windowsHide: true } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [fileURLToPath(LOOK_URL), file], options, (error, stdout) => {
      resolve({ error, said: stdout.split('\n').filter((line) => line !== '') });
    });
  });
}

/** What Node needs to start, and none of the keys. */
function environment(): NodeJS.ProcessEnv {
  const names = ['SystemRoot', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

function hasCrashed(error: ExecFileException | null): boolean {
  if (error === null || error.killed === true) return false;
  return typeof error.code === 'number' || CRASHES.includes(error.signal ?? '');
}
