import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { EventLog } from '../src/events/event-log.js';
import { ConsoleReader } from '../src/telemetry/console/console-reader.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
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
      start({ SAMPLE_SAVE_MS: '3000' });
      await server.waitForOutput(/Loading/);
      const startedMs = performance.now();
      server.write('/stop');
      server.write('/stop');
      await server.waitForOutput(/\/stop\n[^]*\/stop\n/);
      server.child.kill('SIGTERM');
      server.child.kill('SIGINT');
      expect(existsSync(server.saveFile)).toBe(false);
      await server.expectSavedStop();
      expect(performance.now() - startedMs).toBeGreaterThan(2990);
      expect(server.output.match(/saving/g)).toHaveLength(1);
      expect(server.output.match(/Stop reason/g)).toHaveLength(1);
    });

    it('before it is ready saves as well, and does not say that it is ready', async () => {
      start({ SAMPLE_SAVE_MS: '1200' });
      // It is ready a second after its start; this is there before it.
      server.write('/stop');
      await server.expectSavedStop();
      expect(server.output).not.toMatch(READY);
    });
  });

  describe('read as a game', () => {
    let log: EventLog;
    let reader: ConsoleReader;

    afterEach(() => {
      reader.close();
    });

    function startRead(variables: Record<string, string>): void {
      start({ SAMPLE_LOAD_PERCENT: '10', ...variables });
      log = new EventLog();
      const send = (line: string) => {
        server.write(line);
        return true;
      };
      reader = new ConsoleReader({ command: '/stats compact', intervalMs: 2000, send }, log);
      server.child.stdout?.on('data', (chunk: Buffer) => {
        reader.take(chunk);
      });
    }

    const asked = () => server.output.match(/Handling Console Command \/stats compact/g)?.length ?? 0;

    it.each([
      ['en-US', {}],
      ['de-DE', { SAMPLE_CULTURE: 'de-DE' }],
      ['de-DE, answering late', { SAMPLE_CULTURE: 'de-DE', SAMPLE_FAULT: 'late' }],
      ['en-US, answering twice', { SAMPLE_FAULT: 'twice' }],
      ['en-US, in a flood of overloads', { SAMPLE_FAULT: 'flood' }],
    ])('it tells its statistics (%s)', async (_, variables) => {
      startRead(variables);
      await waitFor(() => reader.stats !== null);
      const { players, maxPlayers, tickMs, ticksPerSecond, gcHeapMb, version } = reader.stats ?? {};
      expect([maxPlayers, version]).toEqual([16, '1.21.5']);
      const online = [...server.output.matchAll(/;Players online: (\d+) \/ 16/g)].at(-1)?.[1];
      expect(String(players)).toBe(online);
      // 10 % of a tick of 33.3 ms; a busy machine makes it longer.
      expect(tickMs).toBeGreaterThan(2.5);
      expect(tickMs).toBeLessThan(500);
      expect(ticksPerSecond).toBeLessThan(33);
      expect(gcHeapMb).toBeGreaterThan(56);
      expect(log.newest.map(({ kind }) => kind)).toContain('game_ready');
    });

    it('it is never written to when it never says that it is ready', async () => {
      startRead({ SAMPLE_FAULT: 'never-ready' });
      await server.waitForOutput(/Loading/);
      await new Promise((done) => setTimeout(done, 6000));
      expect([asked(), reader.isVintageStory]).toEqual([0, false]);
    });

    it('it is asked more rarely when it does not answer', async () => {
      startRead({ SAMPLE_FAULT: 'silent' });
      await waitFor(() => asked() === 2);
      expect(reader.stats).toBeNull();
    });

    it('it says what happens within a minute, when its load is not constant', async () => {
      startRead({ SAMPLE_LOAD_PERCENT: '' });
      const kinds = () => log.newest.map(({ kind }) => kind);
      const expected = ['tick_overload', 'players_joined', 'ticking_suspended', 'ticking_resumed'];
      await waitFor(
        () => expected.every((kind) => (kinds() as string[]).includes(kind)),
        'all events',
        60_000,
      );
      const overload = log.newest.find(({ kind }) => kind === 'tick_overload');
      expect(overload?.numbers.tickMs).toBeGreaterThan(500);
      expect(JSON.stringify(log.newest)).not.toMatch(/Alderwick|Bramblefox|Cindermoss|Duskweaver/);
    });

    it('it says why it stops', async () => {
      startRead({});
      await server.waitForOutput(READY);
      server.write('/stop');
      await server.expectSavedStop();
      expect(log.newest.at(-1)).toMatchObject({
        kind: 'game_stop_reason',
        text: 'The game server says that it was asked to stop.',
      });
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
    ['SAMPLE_FAULT', 'any'],
  ])('refuses %s=%s in one line', async (name, value) => {
    start({ [name]: value });
    expect(await server.exited).toEqual([1, null]);
    expect(server.errors).toMatch(new RegExp(`^${name}="${value}" cannot be used; allowed: .*\n$`));
  });
});
