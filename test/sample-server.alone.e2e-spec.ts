import { afterEach, expect, it } from '@jest/globals';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { READY, SampleServer } from './support/sample-server.js';

const folder = temporaryFolder();
let server: SampleServer;

afterEach(async () => {
  await server.kill();
  folder.remove();
});

it('examples/sample-server.mjs uses about as much CPU as SAMPLE_LOAD_PERCENT says', async () => {
  server = new SampleServer(folder.path, { SAMPLE_LOAD_PERCENT: '10' });
  await server.waitForOutput(READY);
  const [fromMs, cpuFromMs] = [performance.now(), server.cpuMs()];
  await waitFor(() => performance.now() - fromMs > 2000);
  const percent = (100 * (server.cpuMs() - cpuFromMs)) / (performance.now() - fromMs);
  const { ticksPerSecond } = await server.askForStats();
  // A machine too busy for 30 ticks a second gives the program less, so look at what each tick used.
  const percentAtFullRate = (percent * 30) / Number(ticksPerSecond);
  expect(percentAtFullRate).toBeGreaterThan(7);
  expect(percentAtFullRate).toBeLessThan(17);
});
