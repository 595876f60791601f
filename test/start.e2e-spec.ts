import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';

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

  (existsSync('/proc/self/environ') ? it : it.skip)(
    'leaves the keys of a .env out of what others of the same user see of the process',
    async () => {
      writeFileSync(join(folder.path, '.env'), 'VS_API_KEY_ADMIN=key-of-the-file-123\nVS_DATA_DIR=\n');
      api = ApiProcess.spawn({ VS_API_KEY_MONITOR: 'key-of-the-environment' }, folder.path);
      await api.untilItListens();
      expect((await api.request('api/v1alpha1/metrics/info', {}, 'key-of-the-file-123')).status).toBe(200);
      const environment = readFileSync(`/proc/${api.child.pid ?? ''}/environ`, 'utf8');
      expect(environment).not.toContain('key-of-the-file');
      // So that it is known to look in the right place: of those in the environment only the docs can warn.
      expect(environment).toContain('key-of-the-environment');
    },
  );

  it('reports bad variables of all modules in a line each, with what is allowed, and shows no key', async () => {
    const lines = await failedStart({
      VS_METRICS_INTERVAL: 'abc',
      VS_METRICS_CAPACITY: '1.5',
      VS_SERVER_AUTOSTART: 'maybe',
      VS_API_KEY_ADMIN: 'secret with spaces',
    });
    expect(lines.sort()).toEqual([
      'VS_API_KEY_ADMIN=(value not shown) cannot be used; allowed: up to 512 printable ASCII characters without spaces',
      'VS_METRICS_CAPACITY="1.5" cannot be used; allowed: a whole number from 1 to 100000 (samples)',
      'VS_METRICS_INTERVAL="abc" cannot be used; allowed: 0 (off), or 0.1 to 86400 (seconds)',
      'VS_SERVER_AUTOSTART="maybe" cannot be used; allowed: true or false',
    ]);
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

  it('reads .env, over which the environment wins, and prints no key that was set', async () => {
    writeFileSync(join(folder.path, '.env'), 'VS_METRICS_INTERVAL=7\nVS_METRICS_CAPACITY=70\n');
    api = await ApiProcess.start({ VS_METRICS_CAPACITY: '71' }, folder.path);
    expect(await api.data('metrics/info')).toMatchObject({ intervalSeconds: 7, capacity: 71 });
    expect(api.output).not.toContain('#key=');
    expect(api.output).not.toContain('admin-key-of-the-test');
  });

  it('refuses a .env that is half understood, in one line each, with the place and without the key', async () => {
    const file = join(folder.path, '.env');
    const text =
      'VS_API_KEY_ADMIN="verysecret\nVS_API_PORT: 0\nset VS_SERVER_AUTOSTART=true\nVS_DATA_DIR=./data\n';
    writeFileSync(file, text);
    expect(await failedStart({})).toEqual([
      '.env, line 1: VS_API_KEY_ADMIN opens a quote (") and does not close it: close it at the end of the value',
      '.env, line 2: VS_API_PORT is not set like this: write VS_API_PORT=value',
      '.env, line 3: VS_SERVER_AUTOSTART is not set like this: write VS_SERVER_AUTOSTART=value',
    ]);

    writeFileSync(file, Buffer.from(`\uFEFF${text}`, 'utf16le'));
    expect(await failedStart({})).toEqual([
      ".env is UTF-16 text, as PowerShell's > writes it: save it as UTF-8",
    ]);
  });

  it('refuses what only a shell would replace, and says where it stands', async () => {
    writeFileSync(join(folder.path, '.env'), '\nVS_DATA_DIR=~/data\nVS_SERVER_CWD=$HOME/game\n');
    expect(await failedStart({ VS_SERVER_COMMAND: 'game --dataPath %APPDATA%' })).toEqual([
      '.env, line 2: VS_DATA_DIR="~/data" cannot be used; allowed: a path without ~, which is not replaced here (a folder that is named so: ./~)',
      `VS_SERVER_COMMAND="game --dataPath %APPDATA%" cannot be used; allowed: words that are written out: $NAME and %NAME% are not replaced here (what is meant as it is: in ' quotes)`,
      '.env, line 3: VS_SERVER_CWD="$HOME/game" cannot be used; allowed: a path that is written out: $NAME and %NAME% are not replaced here',
    ]);
    expect(readdirSync(folder.path)).toEqual(['.env']);
  });

  it('warns of the quotes that docker run --env-file keeps, and shows no key', async () => {
    api = await ApiProcess.start({ VS_API_KEY_ADMIN: '"verysecret"', VS_SERVER_CWD: "'.'" }, folder.path);
    for (const name of ['VS_API_KEY_ADMIN', 'VS_SERVER_CWD']) {
      expect(api.output).toContain(`${name} begins and ends with quotes, which are a part of its value here`);
    }
    expect(api.output).not.toContain('verysecret');
  });

  it('prints a random key with the address when none was set, and takes an empty value for unset', async () => {
    const empty = { VS_API_KEY_ADMIN: '', VS_METRICS_INTERVAL: '', VS_METRICS_CAPACITY: ' ' };
    api = ApiProcess.spawn(empty, folder.path);
    await api.untilItListens();
    await api.waitForOutput(/#key=\S+\n/);
    const key = /#key=(\S+)/.exec(api.output)?.[1] ?? '';
    const info = await api.request('api/v1alpha1/metrics/info', {}, key);
    expect(await info.json()).toMatchObject({ data: { intervalSeconds: 10, capacity: 360 } });
  });
});
