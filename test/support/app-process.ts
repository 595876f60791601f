import { tmpdir } from 'node:os';
import { ApiProcess } from './api-process.js';
import { waitFor } from '../../src/testing/wait-for.js';

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

/** The built application as a process of its own, with what the tests of history and settings ask of it. */
export class AppProcess {
  private constructor(private readonly api: ApiProcess) {}

  /** Resolves when it listens, sampling every 0.1 s; rejects with its output when it ends before that. */
  static async start(env: Record<string, string>): Promise<AppProcess> {
    return new AppProcess(await ApiProcess.start({ VS_METRICS_INTERVAL: '0.1', ...env }, tmpdir()));
  }

  get url(): string {
    return this.api.url;
  }

  get output(): string {
    return this.api.output;
  }

  get pid(): number {
    return this.api.child.pid ?? NaN;
  }

  get isRunning(): boolean {
    return this.api.child.exitCode === null && this.api.child.signalCode === null;
  }

  request(path: string, init: RequestInit = {}, key?: string | null): Promise<Response> {
    return this.api.request(path, init, key);
  }

  /** The `data` of a successful answer under the API's prefix. */
  get<T>(path: string): Promise<T> {
    return this.api.data<T>(path);
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
    if (this.isRunning) this.api.child.kill(signal);
    return (await this.api.exited).code;
  }

  /** How often a text is in its output. */
  said(text: string | RegExp): number {
    return this.output.split('\n').filter((line) => line.search(text) >= 0).length;
  }
}

/** Waits until `check` gives something other than false, null and undefined. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
): Promise<Exclude<T, false | null | undefined>> {
  let result: T | undefined;
  await waitFor(async () => {
    result = await check();
    return result !== false && result !== null && result !== undefined;
  }, what);
  return result as Exclude<T, false | null | undefined>;
}
