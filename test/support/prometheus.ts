import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from './free-port.js';
import { waitFor } from '../../src/testing/wait-for.js';

/** Where the documented configuration, rules and queries lie. */
export const DOCUMENTED = resolve('docs/prometheus');

/** One series of an answer: `value` of an instant query, `values` of a range. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** Runs promtool; what it complains of is in `output`. */
export function promtool(args: string[], input?: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

/** A documented file with the reader's own values in it; throws when a value to be replaced is not there. */
export function documented(file: string, own: Readonly<Record<string, string>>): string {
  return Object.entries(own).reduce(
    (text, [theirs, ours]) => {
      if (!text.includes(theirs)) throw new Error(`${file} no longer says ${theirs}`);
      return text.replaceAll(theirs, ours);
    },
    readFileSync(join(DOCUMENTED, file), 'utf8'),
  );
}

/** A real Prometheus on loopback. */
export class Prometheus {
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Starts it in `folder` with these files; resolves when it answers. */
  static async start(folder: string, files: Readonly<Record<string, string>>): Promise<Prometheus> {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'prometheus',
      [
        '--config.file=prometheus.yml',
        '--storage.tsdb.path=tsdb',
        `--web.listen-address=${address}`,
        '--log.level=warn',
      ],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const prometheus = new Prometheus(child, `http://${address}`);
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${prometheus.output}`);
        const ready = await fetch(`http://${address}/-/ready`).catch(() => null);
        return ready?.status === 200;
      },
      'Prometheus answers',
      90_000,
    );
    return prometheus;
  }

  /** The `data` of an answer of its API. */
  async data<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const url = new URL(`/api/v1/${path}`, this.url);
    url.search = new URLSearchParams(parameters).toString();
    const body = (await (await fetch(url)).json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(`${path}: ${String(body.error)}`);
    return body.data;
  }

  async query(query: string, atSeconds?: number): Promise<readonly Series[]> {
    const time: Record<string, string> = atSeconds === undefined ? {} : { time: String(atSeconds) };
    return (await this.data<{ result: Series[] }>('query', { query, ...time })).result;
  }

  /** The only value of a query; null when there is none, which is how a stale series reads. */
  async value(query: string, atSeconds?: number): Promise<number | null> {
    const [series, ...more] = await this.query(query, atSeconds);
    if (more.length > 0) throw new Error(`${query} has ${more.length + 1} values`);
    return series?.value === undefined ? null : Number(series.value[1]);
  }

  /** Names of the alerts that fire. */
  async firing(): Promise<string[]> {
    const { alerts } = await this.data<{ alerts: { state: string; labels: { alertname: string } }[] }>(
      'alerts',
    );
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }
}
