import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { renameSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { ADMIN_KEY, ApiProcess } from '../../src/testing/api-process.mjs';
import { eventually } from '../support/eventually.js';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { describeWith } from '../../src/testing/components.js';
import { kernelCpuMs } from '../../src/testing/kernel.js';
import { sqlite } from '../support/sqlite-shell.js';

const LONG = 'api/v1alpha1/metrics/history?minutes=5256000&points=10000';
const SMALL = 'api/v1alpha1/metrics/history?from=2026-01-01&to=2026-01-02&points=2';

/** A client with a connection of its own, and the head of what it was answered. */
interface Client {
  readonly socket: Socket;
  answer: string;
}

describeWith('sqlite3', '/usr/bin/sqlite3')('many queries of the history', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let app: ApiProcess;
  let clients: Client[] = [];

  beforeAll(async () => {
    folder = temporaryFolder();
    const env = { VS_METRICS_INTERVAL: '0.1', VS_DATA_DIR: folder.path, VS_METRICS_RETENTION_DAYS: '3650' };
    await (await ApiProcess.start(env)).end();
    // A query over all of them takes some tenths of a second.
    sqlite(
      join(folder.path, 'metrics.db'),
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
       INSERT OR IGNORE INTO minute (time_ms, sample_count, game_sample_count, api_memory_mb, api_memory_mb_max,
         api_cpu_percent, api_cpu_percent_max)
       SELECT ${Math.floor(Date.now() / 60_000) * 60_000} - i * 60000, 6, 0, 1, 1, 1, 1 FROM n`,
    );
    app = await ApiProcess.start({ ...env, VS_METRICS_INTERVAL: '0' });
  });

  afterAll(async () => {
    leave();
    await app.end('SIGKILL');
    folder.remove();
  });

  function ask(path: string, count: number): void {
    for (let i = 0; i < count; i++) {
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
      const client: Client = { socket, answer: '' };
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        if (client.answer.length < 1000) client.answer += data.toString('latin1');
      });
      socket.write(`GET /${path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${ADMIN_KEY}\r\n\r\n`);
      clients.push(client);
    }
  }

  function answered(): number {
    return clients.filter(({ answer }) => answer !== '').length;
  }

  function leave(): void {
    for (const { socket } of clients) socket.destroy();
    clients = [];
  }

  /** CPU time that the app uses until it has answered: of a busy machine it does not get more. */
  async function cpuMsOf(path: string): Promise<number> {
    const beforeMs = kernelCpuMs(app.pid);
    expect((await app.request(path)).status).toBe(200);
    return kernelCpuMs(app.pid) - beforeMs;
  }

  it('answers a small one before the long ones that came before it', async () => {
    ask(LONG, 30);
    await eventually('the first is answered', () => answered() > 0);
    const before = answered();
    expect((await app.request(SMALL)).status).toBe(200);
    expect(answered() - before).toBeLessThan(10);
    await eventually('all are answered', () => answered() === 30);
    leave();
  });

  it('drops those of clients that have gone', async () => {
    const aloneMs = await cpuMsOf(LONG);
    ask(LONG, 40);
    await eventually('the first is answered', () => answered() > 0);
    leave();
    // Behind all that were not dropped it would take some forty times as long.
    expect(await cpuMsOf(LONG)).toBeLessThan(aloneMs * 15);
    expect(app.said('ERROR')).toBe(0);
  });

  it('refuses what would wait too long, and says when to come again', async () => {
    ask(LONG, 90);
    const refused = await eventually('some are refused', () =>
      clients.find(({ answer }) => answer.includes(' 503 ') && answer.includes('}')),
    );
    expect(refused.answer).toMatch(/^retry-after: \d+\r$/im);
    expect(refused.answer).toMatch(/wait already; ask again later/);
    const file = await eventually('an export is refused', async () => {
      const response = await app.request('api/v1alpha1/metrics/export');
      if (response.status === 503) return response;
      // Some were answered before it came.
      await response.body?.cancel();
      ask(LONG, 90);
      return null;
    });
    expect(file.headers.get('retry-after')).not.toBeNull();
    leave();
    await eventually('it answers again', async () => (await app.request(SMALL)).status === 200);
  });

  it('outlives that the file is replaced in the middle of a query', async () => {
    const file = join(folder.path, 'metrics.db');
    sqlite(file, `VACUUM INTO '${file}.copy'`);
    await app.request('api/v1alpha1/settings', {
      method: 'PATCH',
      body: JSON.stringify({ intervalSeconds: 0.1 }),
      headers: { 'content-type': 'application/json' },
    });
    ask(LONG, 40);
    await eventually('the first is answered', () => answered() > 0);
    renameSync(`${file}.copy`, file);
    await eventually('it is noticed', () => app.said('was deleted or replaced') > 0);
    await eventually('the new file is used', () => app.said('written to the archive again') > 0);
    expect((await app.request(SMALL)).status).toBe(200);
    leave();
  });
});
