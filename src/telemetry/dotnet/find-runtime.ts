import { existsSync } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { descendantsOf } from '../../process/linux/descendants.js';
import { linuxProcess } from '../../process/process-identity.js';
import { DiagnosticsError } from './diagnostics-client.js';

/** A process on Linux: its pid and its start tick (field 22 of `/proc/PID/stat`) tell it from every other. */
export interface DotnetProcess {
  readonly pid: number;
  readonly startTick: number;
}

/** A process with a runtime that can be asked, and where. */
export interface DotnetRuntime {
  readonly process: DotnetProcess;
  readonly path: string;
}

/** A .NET program without a socket: it may be about to make it. */
export class NoSocketError extends DiagnosticsError {}

/** Not a .NET program, as far as can be seen. */
export class NotDotnetError extends DiagnosticsError {}

const SWITCHES = ['DOTNET_EnableDiagnostics', 'DOTNET_EnableDiagnostics_IPC', 'COMPlus_EnableDiagnostics'];
/** `sockaddr_un` has no room for more (unix(7)). */
const MAX_PATH_BYTES = 107;
/** How many descendants are looked at: a wrapper has a few. */
const MAX_DESCENDANTS = 64;
/** What a runtime maps: its library, or (all in one file) the memory of which it makes code. */
const RUNTIME_MAPPED = /libcoreclr|doublemapper/;

/** The process that has a pid now; null when there is none that lives, or it may not be seen. */
export function dotnetProcess(pid: number): DotnetProcess | null {
  try {
    const found = linuxProcess(pid);
    return found === null ? null : { pid, startTick: found.startTick };
  } catch {
    return null;
  }
}

/**
 * The runtime of a process, else of the first of its descendants that has one (`dotnet` behind a wrapper); throws
 * DiagnosticsError, {@link NotDotnetError} when none of them is a .NET program.
 */
export async function findRuntime(root: DotnetProcess): Promise<DotnetRuntime> {
  const reasons: DiagnosticsError[] = [];
  const look = async (process: DotnetProcess): Promise<DotnetRuntime | null> => {
    try {
      return { process, path: await findSocket(process) };
    } catch (error) {
      if (!(error instanceof DiagnosticsError)) throw error;
      if (!(error instanceof NotDotnetError)) reasons.push(error);
      return null;
    }
  };
  const found = await look(root);
  if (found !== null) return found;
  for (const pid of await descendantsOf(root.pid, MAX_DESCENDANTS)) {
    const descendant = dotnetProcess(pid);
    const runtime = descendant === null ? null : await look(descendant);
    if (runtime !== null) return runtime;
  }
  throw reasons[0] ?? new NotDotnetError('it is not a .NET program');
}

/** The path of a process's diagnostics socket, which is ours to use; throws DiagnosticsError. */
export async function findSocket({ pid, startTick }: DotnetProcess): Promise<string> {
  const environment = await processEnvironment(pid);
  // In a container of its own a process has another pid there, by which its runtime names the socket.
  const status = await textOf(pid, 'status');
  const innerPid = /^NSpid:.*\t(\d+)$/m.exec(status)?.[1] ?? String(pid);
  const name = `dotnet-diagnostic-${innerPid}-${startTick}-socket`;
  const folders = [environment.get('TMPDIR'), process.env.TMPDIR, '/tmp'].filter((folder) =>
    folder?.startsWith('/'),
  );
  for (const root of ['/', `/proc/${pid}/root`]) {
    for (const folder of new Set(folders)) {
      const path = join(root, folder ?? '/tmp', name);
      if (await isOurSocket(path)) return path;
    }
  }
  if (!(await isDotnet(pid))) throw new NotDotnetError('it is not a .NET program');
  const switchedOff = SWITCHES.find((variable) => environment.get(variable) === '0');
  if (switchedOff !== undefined)
    throw new DiagnosticsError(`its environment has ${switchedOff}=0: start it without that`);
  if (status !== '' && !new RegExp(`^Uid:\\t\\d+\\t${process.geteuid?.() ?? ''}\\t`, 'm').test(status))
    throw new DiagnosticsError('it runs as another user: run it and this program as the same user');
  throw new NoSocketError(
    'it has no diagnostics socket. A .NET program has one below TMPDIR or /tmp: in another container, share that folder',
  );
}

async function isDotnet(pid: number): Promise<boolean> {
  if (RUNTIME_MAPPED.test(await textOf(pid, 'maps'))) return true;
  // Also another user may read the command: `dotnet` itself, or a program that has its code beside it.
  const [program = ''] = (await textOf(pid, 'cmdline')).split('\0', 1);
  return basename(program) === 'dotnet' || (isAbsolute(program) && existsSync(`${program}.dll`));
}

async function processEnvironment(pid: number): Promise<Map<string, string>> {
  return new Map(
    (await textOf(pid, 'environ')).split('\0').map((entry) => {
      const [name = '', ...value] = entry.split('=');
      return [name, value.join('=')];
    }),
  );
}

/** Empty when the process is gone, or the file is not ours to read because it is another user's. */
function textOf(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}

/** False when nothing is there; throws DiagnosticsError for what is there and is not to be trusted. */
async function isOurSocket(path: string): Promise<boolean> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return false;
  const found = await lstat(path).catch(() => null);
  if (found === null) return false;
  if (!found.isSocket()) throw new DiagnosticsError(`${path} is not a socket: remove it`);
  if (found.uid !== process.geteuid?.())
    throw new DiagnosticsError(`${path} is another user's: run the game and this program as the same user`);
  return true;
}
