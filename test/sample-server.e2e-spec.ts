import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { READY, SampleServer } from './support/sample-server.js';

const LOG_LINE =
  /^[1-9]\d?\.[1-9]\d?\.\d{4} \d\d:\d\d:\d\d \[Server (?:Event|Notification|Warning|Error)\] \S.*$/;

describe('examples/sample-server.mjs', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let server: SampleServer;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await server.kill();
    folder.remove();
  });

  function start(variables: Record<string, string> = {}): SampleServer {
    return (server = new SampleServer(folder.path, variables));
  }

  it('logs in the form of the game and says when it is ready', async () => {
    start();
    await server.waitForOutput(READY);
    for (const line of server.output.trim().split('\n')) expect(line).toMatch(LOG_LINE);
  });

  it('answers /stats compact in the form of the game with its own figures', async () => {
    start({ SAMPLE_LOAD_PERCENT: '10' });
    await server.waitForOutput(READY);
    const figures = await server.askForStats();

    expect(Number(figures.seconds)).toBeGreaterThanOrEqual(1);
    expect(Number(figures.totalMb)).toBeGreaterThan(90);
    expect(Math.abs(Number(figures.totalMb) - server.residentMb())).toBeLessThan(20);
    expect(Number(figures.managedMb)).toBeGreaterThanOrEqual(56);
    expect(Number(figures.managedMb)).toBeLessThan(Number(figures.totalMb));
    // 10 % of a 33.3 ms tick is 3.3 ms of CPU time; a busy machine makes the tick longer and the ticks fewer.
    expect(Number(figures.tickMs)).toBeGreaterThan(2.5);
    expect(Number(figures.tickMs) * Number(figures.ticksPerSecond)).toBeLessThan(1100);
    expect(Number(figures.ticksPerSecond)).toBeLessThan(33);
    expect(figures.players).toBe(String(figures.names?.split(', ').length ?? 0));
  });

  it('holds memory that is resident even when no tick works on it', async () => {
    start({ SAMPLE_LOAD_PERCENT: '0' });
    await server.waitForOutput(/Loading/);
    expect(server.residentMb()).toBeGreaterThan(90);
  });

  it('answers a command that it does not know', async () => {
    start();
    server.write('/fly');
    await server.waitForOutput(/No such command: \/fly\n/);
  });

  describe('a stop', () => {
    it('by /stop saves, says why it stops, and exits with 0', async () => {
      start();
      await server.waitForOutput(/Loading/);
      server.write('/stop');
      await server.expectSavedStop();
      expect(server.output).toMatch(/Stop reason: .*console\n$/);
    });

    it.each(['SIGTERM', 'SIGINT'] as const)('by %s does the same', async (signal) => {
      start();
      await server.waitForOutput(/Loading/);
      server.child.kill(signal);
      await server.expectSavedStop();
      expect(server.output).toMatch(new RegExp(`Stop reason: .*${signal}.*\n$`));
    });

    it('takes SAMPLE_SAVE_MS, and more requests change nothing', async () => {
      start({ SAMPLE_SAVE_MS: '900' });
      await server.waitForOutput(/Loading/);
      const startedMs = performance.now();
      server.write('/stop');
      server.write('/stop');
      await server.waitForOutput(/\/stop\n[^]*\/stop\n/);
      server.child.kill('SIGTERM');
      server.child.kill('SIGINT');
      expect(existsSync(server.saveFile)).toBe(false);
      await server.expectSavedStop();
      expect(performance.now() - startedMs).toBeGreaterThan(890);
      expect(server.output.match(/saving/g)).toHaveLength(1);
      expect(server.output.match(/Stop reason/g)).toHaveLength(1);
    });

    it('before it is ready saves as well, and does not say that it is ready', async () => {
      start({ SAMPLE_SAVE_MS: '1200' });
      await server.waitForOutput(/Loading/);
      server.write('/stop');
      await server.expectSavedStop();
      expect(server.output).not.toMatch(READY);
    });
  });

  it('goes on when its console ends', async () => {
    start();
    await server.waitForOutput(/Loading/);
    server.child.stdin?.end();
    await server.waitForOutput(READY);
    expect(server.isRunning).toBe(true);
  });

  it('saves and exits with 0 when nobody reads its output any more', async () => {
    start();
    await server.waitForOutput(/Loading/);
    server.child.stdout?.destroy();
    server.write('/a first line');
    server.write('/a second one');
    server.write('/stop');
    await server.expectSavedStop();
  });

  it.each([
    ['SAMPLE_LOAD_PERCENT', '101'],
    ['SAMPLE_SAVE_MS', 'soon'],
  ])('refuses %s=%s in one line', async (name, value) => {
    start({ [name]: value });
    expect(await server.exited).toEqual([1, null]);
    expect(server.errors).toMatch(new RegExp(`^${name}="${value}" cannot be used; allowed: .*\n$`));
  });
});
