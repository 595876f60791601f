import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { MetricsModule, MetricsScheduler, MetricsService } from './index.js';
import { type MemoryLimits, MetricsHealthIndicator } from './metrics-health.js';

jest.spyOn(Logger.prototype, 'log').mockReturnValue();
const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();

let app: TestingModule;
let indicator: MetricsHealthIndicator;
let pid: number | null;

beforeEach(async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  pid = null;
  app = await Test.createTestingModule({
    imports: [MetricsModule.forRoot({ intervalSeconds: 10, pid: () => pid })],
    providers: [MetricsHealthIndicator],
  }).compile();
  indicator = app.get(MetricsHealthIndicator);
});
afterEach(async () => {
  await app.close();
  jest.useRealTimers();
});

async function pass(seconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(seconds * 1000);
}

describe('MetricsHealthIndicator', () => {
  it('is down before the first sample, and up with it', async () => {
    expect(indicator.check('process').process).toMatchObject({
      status: 'down',
      message: 'No sample has been taken yet.',
      apiMemoryMb: null,
    });
    await app.init();
    await pass(0);
    const { process: health } = indicator.check('process');
    expect(health).toEqual({ status: 'up', gameMemoryMb: null, apiMemoryMb: expect.any(Number) });
  });

  it('is down when samples stay away, and up again when they come, or when the collection is off', async () => {
    await app.init();
    await pass(0);
    const collect = jest
      .spyOn(app.get(MetricsService), 'collect')
      .mockRejectedValue(new Error('the machine cannot be read'));
    await pass(30);
    expect(indicator.check('metrics').metrics.status).toBe('up');
    await pass(10);
    expect(indicator.check('metrics').metrics).toMatchObject({
      status: 'down',
      message: 'The last sample is 40 s old, one is due every 10 s.',
    });
    expect(error).toHaveBeenCalled();
    app.get(MetricsScheduler).setIntervalSeconds(0);
    expect(indicator.check('metrics').metrics.status).toBe('up');
    collect.mockRestore();
    app.get(MetricsScheduler).setIntervalSeconds(10);
    await pass(0);
    expect(indicator.check('metrics').metrics.status).toBe('up');
  });

  it('is down while memory is above a limit, of this process or of the game', async () => {
    pid = process.pid;
    await app.init();
    await app.get(MetricsService).collect();
    const check = (limits: MemoryLimits) => indicator.check('metrics', limits).metrics;
    expect(check({ gameMemoryMb: 100_000, apiMemoryMb: 100_000 }).status).toBe('up');
    expect(check({ gameMemoryMb: 1, apiMemoryMb: 100_000 }).message).toMatch(
      /^gameMemoryMb is [\d.]+ MiB, above the limit of 1\.$/,
    );
    expect(check({ apiMemoryMb: 1 }).message).toMatch(/^apiMemoryMb is [\d.]+ MiB, above the limit of 1\.$/);
  });

  it.each([NaN, 0, -5])('refuses %d for a limit', (gameMemoryMb) => {
    expect(() => indicator.check('metrics', { gameMemoryMb })).toThrow(
      `The limit gameMemoryMb is a number above 0 (MiB), not ${gameMemoryMb}.`,
    );
  });
});
