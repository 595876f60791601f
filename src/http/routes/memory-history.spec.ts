import { describe, expect, it } from '@jest/globals';
import { MetricsBuffer, MetricsService, ServerService } from '../../metrics/index.js';
import { PidusageReader } from '../../process/pidusage-reader.js';
import { ProcessSampler } from '../../metrics/process-sampler.js';
import { MemoryHistory } from './memory-history.js';

class NoServer extends ServerService {
  readonly gameServerPid = null;
}

describe('bodies from memory', () => {
  const service = new MetricsService(
    new MetricsBuffer(2),
    new ProcessSampler(new PidusageReader()),
    new NoServer(),
  );
  const memory = new MemoryHistory(service);

  it('hold all samples, also when the ring turns, and are made once between two', async () => {
    expect(String(memory.all())).toBe('{"status":"ok","data":{"metrics":[],"count":0}}');
    for (let i = 0; i < 3; i++) {
      await service.collect();
      const body = memory.all();
      const { data } = JSON.parse(body.toString()) as { data: { metrics: object[]; count: number } };
      expect(data.metrics).toEqual(JSON.parse(JSON.stringify(service.history())));
      expect(data.count).toBe(Math.min(2, i + 1));
      expect(memory.all()).toBe(body);
    }
  });

  it('hold the samples of the last minutes', async () => {
    const snapshot = await service.collect();
    service.buffer.append({ ...snapshot, timestamp: new Date(Date.now() - 90_000) });
    const { data } = JSON.parse(memory.last(1).toString()) as { data: { count: number } };
    expect(data.count).toBe(1);
  });
});
