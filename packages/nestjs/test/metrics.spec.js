// Runs in Jest as the Nest 11 CLI sets it up: CommonJS, without --experimental-vm-modules.
const { Test } = require('@nestjs/testing');
const { MetricsModule, MetricsService } = require('nestjs-process-metrics');

it('is loaded, and measures', async () => {
  const imports = [MetricsModule.forRoot({ intervalSeconds: 3600, pid: process.ppid })];
  const app = await Test.createTestingModule({ imports }).compile();
  await app.init();
  const { gameMemoryMb } = await app.get(MetricsService).collect();
  expect(gameMemoryMb).toBeGreaterThan(1);
  await app.close();
});
