import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const KEY = 'test-key';
const API = 'api/v1alpha1';

/** A snapshot as a client sees it. */
export interface WireSnapshot {
  timestamp: string;
  apiMemoryMb: number;
  apiCpuPercent: number;
  gameMemoryMb: number | null;
  gameCpuPercent: number | null;
}

/** A bucket as a client sees it. */
export interface WireBucket extends WireSnapshot {
  apiMemoryMbMax: number;
  gameMemoryMbMax: number | null;
  sampleCount: number;
}

/** The built application as a process of its own, on any free port. */
export class AppProcess {
  output = '';
  private readonly exited: Promise<[number | null, NodeJS.Signals | null]>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    earlyOutput: string,
  ) {
    this.output = earlyOutput;
    this.exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    const listen = (chunk: Buffer) => {
      this.output += String(chunk);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
  }

  /** Resolves when it listens; rejects with its output when it ends before that. */
  static async start(env: Record<string, string>): Promise<AppProcess> {
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('VS_'));
    const child = spawn(process.execPath, [MAIN], {
      env: {
        ...Object.fromEntries(clean),
        NO_COLOR: '1',
        VS_API_PORT: '0',
        VS_API_KEY_ADMIN: KEY,
        VS_METRICS_INTERVAL: '0.1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        output += String(chunk);
        const found = /Vintage Story metrics: (\S+)\/\s/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => {
        reject(new Error(`The app ended:\n${output}`));
      });
    });
    child.stdout.removeAllListeners('data');
    child.stderr.removeAllListeners('data');
    return new AppProcess(child, url, output);
  }

  get pid(): number {
    return this.child.pid ?? NaN;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
    return fetch(`${this.url}/${path}`, { headers, ...init });
  }

  /** The `data` of a successful answer under the API's prefix. */
  async get<T>(path: string): Promise<T> {
    const response = await this.request(`${API}/${path}`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
    return (JSON.parse(text) as { data: T }).data;
  }

  async history(query = ''): Promise<WireSnapshot[]> {
    return (await this.get<{ metrics: WireSnapshot[] }>(`metrics/history${query}`)).metrics;
  }

  /** Why the archive is degraded, as `/readyz` says. */
  async degraded(): Promise<string | null> {
    const body = (await (await this.request('readyz')).json()) as { data: { degraded: string | null } };
    return body.data.degraded;
  }

  /** Ends it with a signal; gives its exit code. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isRunning) this.child.kill(signal);
    return (await this.exited)[0];
  }
}

/** Waits until `check` gives something other than false, null and undefined; rejects after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  timeoutMs = 15_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const result = await check();
    if (result !== false && result !== null && result !== undefined) {
      return result as Exclude<T, false | null | undefined>;
    }
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain: ${what}`);
    await delay(30);
  }
}
