import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder, waitFor } from './support/api-process.js';
import { kernelCpuMs } from './support/kernel.js';

describe('the sample server', () => {
  const folder = temporaryFolder();
  const saveFile = join(folder.path, 'saved');
  let game: ChildProcess;
  let output = '';

  function start(variables: Record<string, string> = {}): void {
    output = '';
    game = spawn(process.execPath, ['examples/sample-server.mjs'], {
      env: { ...process.env, SAMPLE_SAVE_MS: '50', SAMPLE_SAVE_FILE: saveFile, ...variables },
    });
    game.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }

  const printed = (pattern: RegExp) => waitFor(() => pattern.test(output));

  afterEach(async () => {
    if (game.exitCode === null && game.signalCode === null) {
      game.kill('SIGKILL');
      await once(game, 'exit');
    }
    rmSync(saveFile, { force: true });
  });

  afterAll(() => {
    folder.remove();
  });

  it('says when it is ready, in the words of the game', async () => {
    start();
    await printed(
      /^\d+\.\d+\.\d{4} \d\d:\d\d:\d\d \[Server Event\] Dedicated Server now running on Port 42420 and all ips!$/m,
    );
  });

  it('answers /stats compact with one line of the game’s fields', async () => {
    start();
    await printed(/Loading the world/);
    game.stdin?.write('/stats compact\n');
    await printed(/^Version: .*$/m);
    expect(/^Version: .*$/m.exec(output)?.[0]).toMatch(
      new RegExp(
        [
          '^Version: [^;]+',
          'Uptime: \\d+ days, \\d+ hours, \\d+ minutes, \\d+ seconds',
          'Players last online: \\d+ seconds ago',
          'Players online: \\d+ / \\d+( \\([^;]+\\))?',
          'Memory usage Managed/Total: \\d+Mb / \\d+ Mb',
          'Last 2s Average Tick Time: [\\d.]+ ms',
          'Last 2s Ticks/s: [\\d.]+',
          'Last 10 ticks \\(ms\\): [\\d, ]+',
          'Loaded chunks: \\d+',
          'Loaded entities: \\d+ \\(\\d+ active\\)',
          'Network TCP: [^;]+',
          'Network UDP: [^;]+$',
        ].join(';'),
      ),
    );
  });

  it.each(['/stop', 'SIGTERM', 'SIGINT'] as const)('saves and exits with 0 on %s', async (request) => {
    start();
    await printed(/Loading the world/);
    // A moment for its handlers, which come right after the line.
    await printed(/now running/);
    game.stdin?.end(request === '/stop' ? '/stop\n' : '');
    if (request !== '/stop') game.kill(request);
    expect(await once(game, 'exit')).toEqual([0, null]);
    expect(output).toMatch(/Stop reason: /);
    expect(readFileSync(saveFile, 'utf8')).toBe('saved\n');
  });

  it('loads a core as much as it is told to', async () => {
    start({ SAMPLE_LOAD_PERCENT: '30' });
    await printed(/now running/);
    const pid = game.pid ?? 0;
    const [beganMs, cpuBeganMs] = [performance.now(), kernelCpuMs(pid)];
    await delay(1000);
    const percent = (100 * (kernelCpuMs(pid) - cpuBeganMs)) / (performance.now() - beganMs);
    expect(percent).toBeGreaterThan(20);
    expect(percent).toBeLessThan(45);
  });
});
