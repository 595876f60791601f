import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { valueOf } from './support/metric-value.js';

const ownLines = (text: string) => text.split('\n').filter((line) => line.startsWith('vintagestory_'));

describe('GET /metrics', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;

  afterAll(async () => {
    await api.kill();
    folder.remove();
  });

  // An interval so long that the one sample is that of the start.
  const start = (variables: Record<string, string> = {}) =>
    ApiProcess.start({ VS_METRICS_INTERVAL: '600', VS_DATA_DIR: '', ...variables }, folder.path);

  beforeAll(async () => {
    api = await start();
  });

  it('shows nothing without a key, and takes either key in either header', async () => {
    for (const [key, headers] of [
      [null, {}],
      ['wrong', {}],
      [null, { authorization: 'Bearer wrong' }],
    ] as const) {
      const answer = await api.request('metrics', { headers }, key);
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toMatch(/vintagestory_|process_|nodejs_/);
    }
    for (const key of [ADMIN_KEY, MONITOR_KEY]) {
      expect((await api.request('metrics', {}, key)).status).toBe(200);
      const bearer = await api.request('metrics', { headers: { authorization: `Bearer ${key}` } }, null);
      expect(bearer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    }
  });

  it('is open to all, and it alone, with VS_PROMETHEUS_PUBLIC', async () => {
    const open = await start({ VS_PROMETHEUS_PUBLIC: 'true' });
    try {
      expect((await open.request('metrics', {}, null)).status).toBe(200);
      expect((await open.request('api/v1alpha1/metrics/current', {}, null)).status).toBe(401);
      expect((await open.request('api/v1alpha1/server/status', {}, null)).status).toBe(401);
    } finally {
      await open.kill();
    }
  });

  it('answers 50 at once alike, and takes no sample for any', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => (await api.request('metrics')).text()),
    );
    const [first = '', ...others] = answers;
    for (const other of others) expect(ownLines(other)).toEqual(ownLines(first));
    expect(valueOf('vintagestory_collector_samples_total', first)).toBe(1);
    expect(valueOf('vintagestory_collector_sample_duration_seconds_count', first)).toBe(1);
    expect(valueOf('vintagestory_collector_buffer_samples', first)).toBe(1);
    expect(valueOf('vintagestory_collector_buffer_capacity_samples', first)).toBe(360);
    expect(valueOf('vintagestory_collector_interval_seconds', first)).toBe(600);
  });

  it('has each alert rule, and its messages only where there is a webhook', async () => {
    const text = await (await api.request('metrics')).text();
    expect(text.match(/^vintagestory_alerts_firing\{rule="\w+"\} [01]$/gm)).toHaveLength(7);
    expect(text).toContain('vintagestory_alerts_firing{rule="history"} 0\n');
    expect(valueOf('vintagestory_alert_messages_waiting', text)).toBeUndefined();
    expect(valueOf('vintagestory_alert_messages_given_up_total', text)).toBeUndefined();
  });

  it('leaves out what a stopped server has not, and tells of this process', async () => {
    const text = await (await api.request('metrics')).text();
    expect(valueOf('vintagestory_server_up', text)).toBe(0);
    expect(valueOf('vintagestory_server_cpu_seconds_total', text)).toBe(0);
    expect(valueOf('vintagestory_server_resident_memory_bytes', text)).toBeUndefined();
    expect(valueOf('vintagestory_server_start_time_seconds', text)).toBeUndefined();
    expect(valueOf('process_resident_memory_bytes', text)).toBeGreaterThan(1024 * 1024);
  });
});
