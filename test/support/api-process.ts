import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { waitFor } from '../../src/testing/wait-for.js';

export const MAIN = resolve('dist/main.js');
export const ADMIN_KEY = 'admin-key-of-the-test';
export const MONITOR_KEY = 'monitor-key-of-the-test';
/** A start takes some seconds of CPU, which a busy machine gives slowly. */
const START_TIMEOUT_MS = 90_000;

/** The environment of an API under test: ours without any VS_ variable, then `variables`. */
export function apiEnvironment(variables: Record<string, string>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('VS_'));
  return { ...Object.fromEntries(own), NO_COLOR: '1', VS_API_PORT: '0', ...variables };
}

/** The built program, run as a person runs it, in a working folder of its own (so that no `.env` is found). */
export class ApiProcess {
  output = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  private constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
  }

  /** `command` runs it in another way, `stdio` leads its log elsewhere. */
  static spawn(
    variables: Record<string, string>,
    cwd: string,
    { command = [process.execPath, MAIN], stdio }: { command?: string[]; stdio?: StdioOptions } = {},
  ): ApiProcess {
    const [program = '', ...args] = command;
    const env = apiEnvironment(variables);
    return new ApiProcess(spawn(program, args, { cwd, env, ...(stdio === undefined ? {} : { stdio }) }));
  }

  /** Starts it with both keys set; resolves when it listens. */
  static async start(
    variables: Record<string, string>,
    cwd: string,
    under: readonly string[] = [],
  ): Promise<ApiProcess> {
    const api = ApiProcess.spawn(
      { VS_API_KEY_ADMIN: ADMIN_KEY, VS_API_KEY_MONITOR: MONITOR_KEY, ...variables },
      cwd,
      { command: [...under, process.execPath, MAIN] },
    );
    try {
      await api.waitForOutput(/Vintage Story metrics: http/, START_TIMEOUT_MS);
    } catch (error) {
      // Whoever asked for it has nothing by which to end it.
      await api.kill();
      throw error;
    }
    return api;
  }

  get url(): string {
    const address = /Vintage Story metrics: (http:\/\/[^/\s]+\/)/.exec(this.output)?.[1];
    if (address === undefined) throw new Error(`the API does not listen:\n${this.output}`);
    return address;
  }

  async waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<void> {
    const isThere = () => {
      if (pattern.test(this.output)) return true;
      if (this.child.exitCode !== null) throw new Error(`the API ended:\n${this.output}`);
      return false;
    };
    await waitFor(isThere, `${String(pattern)} in the output`, timeoutMs);
  }

  /** Sends SIGKILL unless it has ended. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }

  request(path: string, init: RequestInit = {}, key: string | null = ADMIN_KEY): Promise<Response> {
    return fetch(new URL(path, this.url), {
      ...init,
      headers: { ...(key === null ? {} : { 'x-api-key': key }), ...(init.headers as Record<string, string>) },
    });
  }

  /** The `data` of a successful answer. */
  async data<T>(path: string, method = 'GET'): Promise<T> {
    const response = await this.request(`api/v1alpha1/${path}`, { method });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
    return (JSON.parse(text) as { data: T }).data;
  }
}
