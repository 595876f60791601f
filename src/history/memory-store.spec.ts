import { describe, expect, it } from '@jest/globals';
import { EventLog } from '../events/event-log.js';
import { MetricsBuffer, type MetricsSnapshot } from '../metrics/index.js';
import { MemoryStore } from './memory-store.js';
import { type JsonList } from './history-store.js';
import { UNKNOWN_VALUES } from '../testing/unknown-values.js';

const EVERYTHING = { fromMs: 0, toMs: Infinity };

function sample(second: number): MetricsSnapshot {
  return {
    timestamp: new Date(second * 1000),
    apiMemoryMb: second,
    apiCpuPercent: 1,
    ...UNKNOWN_VALUES,
  };
}

function parsed(list: JsonList | null): unknown {
  return list === null ? null : JSON.parse(new TextDecoder().decode(list.json));
}

const asSent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the memory', () => {
  it('gives all samples, also when the ring turns, and makes their list once between two', () => {
    const buffer = new MetricsBuffer(2);
    const memory = new MemoryStore(buffer, new EventLog());
    expect(parsed(memory.all())).toEqual([]);
    for (let second = 1; second <= 3; second++) {
      buffer.append(sample(second));
      const list = memory.all();
      expect(parsed(list)).toEqual(asSent(buffer.getAll()));
      expect(list.count).toBe(Math.min(2, second));
      expect(memory.all()).toBe(list);
    }
    buffer.clear();
    expect(parsed(memory.all())).toEqual([]);
  });

  it('gives the samples of a span, and none when there are too many', async () => {
    const buffer = new MetricsBuffer(10);
    for (let second = 1; second <= 5; second++) buffer.append(sample(second));
    const memory = new MemoryStore(buffer, new EventLog());
    expect(parsed(await memory.samples({ fromMs: 2000, toMs: 4000 }, 2))).toEqual(
      asSent([sample(2), sample(3)]),
    );
    expect(await memory.samples(EVERYTHING, 4)).toBeNull();
    expect(memory.earliestMs).toBe(1000);
  });

  it('gives whole buckets, and a file', async () => {
    const buffer = new MetricsBuffer(10);
    for (let second = 1; second <= 5; second++) buffer.append(sample(second));
    const memory = new MemoryStore(buffer, new EventLog());
    expect(parsed(await memory.buckets({ fromMs: 3500, toMs: 5000 }, 2000))).toMatchObject([
      { apiMemoryMb: 2.5, sampleCount: 2 },
      { apiMemoryMb: 4, sampleCount: 1 },
    ]);
    let text = '';
    for await (const piece of await memory.export(EVERYTHING, 'json')) text += String(piece);
    expect(JSON.parse(text)).toHaveLength(5);
  });
});
