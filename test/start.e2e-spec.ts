import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { ApiProcess, temporaryFolder } from './support/api-process.js';

describe('a start', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let api: ApiProcess | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
    api = undefined;
  });

  afterEach(async () => {
    await api?.kill();
    folder.remove();
  });

  async function failedStart(variables: Record<string, string>): Promise<string[]> {
    api = ApiProcess.spawn(variables, folder.path);
    const { code } = await api.exited;
    expect(code).toBe(1);
    return api.output.trim().split('\n');
  }

  it.each(['abc', '-1', '1e9', 'NaN', '0.01', '10s'])(
    'refuses VS_METRICS_INTERVAL=%s in one line with the value and what is allowed',
    async (value) => {
      expect(await failedStart({ VS_METRICS_INTERVAL: value })).toEqual([
        `VS_METRICS_INTERVAL="${value}" cannot be used; allowed: 0 (off), or 0.1 to 86400 (seconds)`,
      ]);
    },
  );

  it.each(['0', '1.5', '2000000'])('refuses VS_METRICS_CAPACITY=%s', async (value) => {
    expect(await failedStart({ VS_METRICS_CAPACITY: value })).toEqual([
      `VS_METRICS_CAPACITY="${value}" cannot be used; allowed: a whole number from 1 to 100000 (samples)`,
    ]);
  });

  it('reports bad variables of different modules together, and shows no key', async () => {
    const lines = await failedStart({
      VS_METRICS_INTERVAL: 'abc',
      VS_SERVER_AUTOSTART: 'maybe',
      VS_API_KEY_ADMIN: 'secret with spaces',
    });
    expect(lines).toHaveLength(3);
    expect(lines.join('\n')).toContain('VS_SERVER_AUTOSTART="maybe"');
    expect(lines.join('\n')).toContain('VS_API_KEY_ADMIN=(value not shown)');
    expect(lines.join('\n')).not.toContain('secret with spaces');
  });

  it('names host and port when the port is taken, and leaves no game behind', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const lines = await failedStart({
      VS_API_PORT: String(port),
      VS_SERVER_COMMAND: `touch ${join(folder.path, 'started')}`,
      VS_SERVER_AUTOSTART: 'true',
    });
    holder.close();
    expect(lines.at(-1)).toBe(
      `Cannot listen on 127.0.0.1:${port} (VS_API_HOST, VS_API_PORT): the port is taken`,
    );
    expect(lines.join('\n')).not.toMatch(/^ +at /m);
    expect(lines.join('\n')).not.toContain('Game server starting');
  });

  it('takes the defaults for empty values', async () => {
    api = await ApiProcess.start({ VS_METRICS_INTERVAL: '', VS_METRICS_CAPACITY: ' ' }, folder.path);
    expect(await api.data('metrics/info')).toMatchObject({ intervalSeconds: 10, capacity: 360 });
  });

  it('reads .env, over which the environment wins', async () => {
    writeFileSync(join(folder.path, '.env'), 'VS_METRICS_INTERVAL=7\nVS_METRICS_CAPACITY=70\n');
    api = await ApiProcess.start({ VS_METRICS_CAPACITY: '71' }, folder.path);
    expect(await api.data('metrics/info')).toMatchObject({ intervalSeconds: 7, capacity: 71 });
  });

  it('prints a random key with the address when none was set, and never one that was', async () => {
    api = ApiProcess.spawn({}, folder.path);
    await api.waitForOutput(/#key=\S+\n/);
    const key = /#key=(\S+)/.exec(api.output)?.[1] ?? '';
    expect((await api.request('api/v1alpha1/metrics/info', {}, key)).status).toBe(200);
    await api.kill();

    api = await ApiProcess.start({}, folder.path);
    expect(api.output).not.toContain('#key=');
    expect(api.output).not.toContain('admin-key-of-the-test');
  });
});
