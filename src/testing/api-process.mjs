// @ts-check
// The built application as a process of its own. Used by end-to-end tests, benches and the screenshot: plain JavaScript,
// since benches run without a compiler; its types are in its comments, and `npm run check` checks them.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

export const MAIN = resolve('dist/main.js');
export const ADMIN_KEY = 'admin-key-of-the-test';
export const MONITOR_KEY = 'monitor-key-of-the-test';
const LISTENS = /Vintage Story metrics: (http:\/\/[^/\s]+\/)/;
/** A start takes some seconds of CPU, which a busy machine gives slowly. */
const START_TIMEOUT_MS = 90_000;

/**
 * The environment of an API under test: ours without any VS_ variable, then `variables`.
 *
 * @param {Record<string, string>} variables
 * @returns {NodeJS.ProcessEnv}
 */
export function apiEnvironment(variables) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('VS_'));
  return { ...Object.fromEntries(own), NO_COLOR: '1', VS_API_PORT: '0', ...variables };
}

/**
 * A snapshot and a bucket as a client gets them.
 *
 * @typedef {Omit<import('../metrics/metrics-snapshot.js').MetricsSnapshot, 'timestamp'> & { timestamp: string }} WireSnapshot
 * @typedef {Omit<import('../history/metrics-bucket.js').MetricsBucket, 'timestamp'> & { timestamp: string }} WireBucket
 */

/**
 * How to run it: `command` in another way than `node dist/main.js`, `stdio` leads its log elsewhere.
 *
 * @typedef {{ command?: readonly string[]; stdio?: import('node:child_process').StdioOptions }} Launch
 */

/** The built program, run as a person runs it, in a working folder without a `.env`; it ends with this process. */
export class ApiProcess {
  /** What it has written so far, to both outputs. */
  output = '';

  /**
   * @private
   * @param {import('node:child_process').ChildProcess} child
   */
  constructor(child) {
    /** @readonly */
    this.child = child;
    /** @private What it wrote before it ended may be read after that. */
    this.hasClosed = false;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (/** @type {Buffer} */ chunk) => (this.output += chunk.toString()));
    const killIt = () => child.kill('SIGKILL');
    process.once('exit', killIt);
    /**
     * @readonly
     * @type {Promise<{ code: number | null; signal: NodeJS.Signals | null }>}
     */
    this.exited = new Promise((done, fail) => {
      child.once('error', fail);
      child.once('close', (code, signal) => {
        process.off('exit', killIt);
        this.hasClosed = true;
        done({ code, signal });
      });
    });
  }

  /**
   * @param {Record<string, string>} variables
   * @param {string} [cwd]
   * @param {Launch} [launch]
   */
  static spawn(variables, cwd = tmpdir(), { command = [process.execPath, MAIN], stdio = 'pipe' } = {}) {
    const [program = '', ...args] = command;
    return new ApiProcess(spawn(program, args, { cwd, env: apiEnvironment(variables), stdio }));
  }

  /**
   * Starts it with both keys set; resolves when it listens, rejects with its output when it ends before that.
   *
   * @param {Record<string, string>} variables
   * @param {string} [cwd]
   * @param {Launch} [launch]
   */
  static async start(variables, cwd, launch) {
    const keys = { VS_API_KEY_ADMIN: ADMIN_KEY, VS_API_KEY_MONITOR: MONITOR_KEY };
    const api = ApiProcess.spawn({ ...keys, ...variables }, cwd, launch);
    try {
      await api.untilItListens();
    } catch (error) {
      // Whoever asked for it has nothing by which to end it.
      await api.kill();
      throw error;
    }
    return api;
  }

  async untilItListens() {
    await this.waitForOutput(LISTENS, START_TIMEOUT_MS);
  }

  get url() {
    const address = LISTENS.exec(this.output)?.[1];
    if (address === undefined) throw new Error(`the API does not listen:\n${this.output}`);
    return address;
  }

  get pid() {
    return this.child.pid ?? NaN;
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /**
   * Resolves as soon as `pattern` is in the output.
   *
   * @param {RegExp} pattern
   * @param {number} [timeoutMs]
   */
  async waitForOutput(pattern, timeoutMs = 30_000) {
    const deadlineMs = performance.now() + timeoutMs;
    while (!pattern.test(this.output)) {
      if (this.hasClosed) throw new Error(`the API ended:\n${this.output}`);
      if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs / 1000} s: ${pattern}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  /**
   * How many lines of its output hold a text.
   *
   * @param {string | RegExp} text
   */
  said(text) {
    return this.output.split('\n').filter((line) => line.search(text) >= 0).length;
  }

  /**
   * Ends it with a signal unless it has ended; gives its exit code.
   *
   * @param {NodeJS.Signals} [signal]
   */
  async end(signal = 'SIGTERM') {
    if (this.isRunning) this.child.kill(signal);
    return (await this.exited).code;
  }

  kill() {
    return this.end('SIGKILL');
  }

  /**
   * An answer of whatever status to a request with a key in its header; null sends none.
   *
   * @param {string} path
   * @param {RequestInit} [init]
   * @param {string | null} [key]
   */
  request(path, init = {}, key = ADMIN_KEY) {
    const headers = new Headers(init.headers);
    if (key !== null && !headers.has('x-api-key')) headers.set('x-api-key', key);
    return fetch(new URL(path, this.url), { ...init, headers });
  }

  /**
   * The `data` of a successful answer under the API's prefix.
   *
   * @template T
   * @param {string} path
   * @param {string} [method]
   * @returns {Promise<T>}
   */
  async data(path, method = 'GET') {
    const response = await this.request(`api/v1alpha1/${path}`, { method });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text).data;
  }

  /**
   * The samples of the history; `query` begins with `?`.
   *
   * @param {string} [query]
   */
  async history(query = '') {
    /** @type {{ metrics: WireSnapshot[] }} */
    const { metrics } = await this.data(`metrics/history${query}`);
    return metrics;
  }

  /** Why the archive is degraded, as `/readyz` says; null when it is not. */
  async degraded() {
    const response = await this.request('readyz');
    /** @type {{ data: { degraded: string | null } }} */
    const { data } = JSON.parse(await response.text());
    return data.degraded;
  }
}
