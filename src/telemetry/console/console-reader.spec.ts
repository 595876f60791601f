import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EventLog } from '../../events/event-log.js';
import { ConsoleReader } from './console-reader.js';

const READY = '25.11.2026 22:16:39 [Server Event] Dedicated Server now running on Port 42420 and all ips!';
const OVERLOAD = '25.11.2026 22:16:39 [Server Warning] Server overloaded. A tick took 700ms to complete.';
const MINUTE = 60_000;

function answer(players: number): string {
  return `25.11.2026 22:16:39 [Server Notification] Version: 1.21.5;Players online: ${players} / 16;;Last 2s Average Tick Time: 33,7 ms`;
}

let log: EventLog;
let reader: ConsoleReader;
let asked: string[];
let isConsoleOpen: boolean;

function start(intervalMs = MINUTE): ConsoleReader {
  const send = (line: string) => {
    if (isConsoleOpen) asked.push(line);
    return isConsoleOpen;
  };
  return new ConsoleReader({ command: '/stats compact', intervalMs, send }, log);
}

function print(...lines: string[]): void {
  for (const line of lines) reader.take(Buffer.from(`${line}\n`));
}

const told = () => log.newest.map(({ kind, numbers }) => [kind, numbers] as const);

beforeEach(() => {
  jest.useFakeTimers();
  log = new EventLog();
  asked = [];
  isConsoleOpen = true;
  reader = start();
});

afterEach(() => {
  reader.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('ConsoleReader: questions', () => {
  it('never asks a game that has not said that it is ready', () => {
    print('Minecraft is ready', answer(3), OVERLOAD, 'Done (3.2s)! For help, type "help"');
    jest.advanceTimersByTime(100 * MINUTE);
    expect(asked).toEqual([]);
    expect([reader.stats, reader.isVintageStory]).toEqual([null, false]);
  });

  it('asks soon after the game is ready, and at each interval', () => {
    print(READY);
    expect(reader.isVintageStory).toBe(true);
    expect(asked).toEqual([]);
    jest.advanceTimersByTime(3000);
    expect(asked).toEqual(['/stats compact']);
    for (let polls = 2; polls < 6; polls++) {
      print(answer(1));
      jest.advanceTimersByTime(MINUTE);
      expect(asked).toHaveLength(polls);
    }
  });

  it('never asks when the interval is 0', () => {
    reader = start(0);
    print(READY);
    jest.advanceTimersByTime(100 * MINUTE);
    expect(asked).toEqual([]);
    expect(reader.stats).toBeNull();
  });

  it('never asks a game that ended before its output was read to the end', () => {
    reader.close();
    print(READY);
    jest.advanceTimersByTime(100 * MINUTE);
    expect([asked, told()]).toEqual([[], []]);
  });

  it('asks again later when there is no console now', () => {
    isConsoleOpen = false;
    print(READY);
    jest.advanceTimersByTime(3000);
    print(answer(1));
    expect(reader.stats).toBeNull();
    isConsoleOpen = true;
    jest.advanceTimersByTime(MINUTE);
    expect(asked).toHaveLength(1);
  });

  it('asks a game that does not answer ever more rarely, and as before once it does', () => {
    print(READY);
    jest.advanceTimersByTime(3000 + 7 * MINUTE);
    // At the polls 1, 2, 4 and 8.
    expect(asked).toHaveLength(4);
    print(answer(1));
    jest.advanceTimersByTime(MINUTE);
    expect(asked).toHaveLength(5);
    jest.advanceTimersByTime(24 * 60 * MINUTE);
    expect(asked.length).toBeLessThan(5 + 6 + 24);
  });
});

describe('ConsoleReader: answers', () => {
  beforeEach(() => {
    print(READY);
  });

  it('takes the answer to its question, and holds it for two polls', () => {
    jest.advanceTimersByTime(3000);
    print('25.11.2026 22:16:39 [Server Notification] Handling Console Command /stats compact', answer(3));
    expect(reader.stats).toMatchObject({ players: 3, maxPlayers: 16, tickMs: 33.7, version: '1.21.5' });
    isConsoleOpen = false;
    jest.advanceTimersByTime(2 * MINUTE);
    expect(reader.stats?.players).toBe(3);
    jest.advanceTimersByTime(1);
    expect(reader.stats).toBeNull();
  });

  it('takes no answer that came before its question', () => {
    print(answer(3));
    jest.advanceTimersByTime(2999);
    print(answer(3));
    expect(reader.stats).toBeNull();
    jest.advanceTimersByTime(1);
    expect(reader.stats).toBeNull();
  });

  it('takes one answer to a question', () => {
    jest.advanceTimersByTime(3000);
    print(answer(3), answer(9));
    expect(reader.stats?.players).toBe(3);
  });

  it('takes an answer that comes late for what it is: of the moment in which it came', () => {
    jest.advanceTimersByTime(3000 + 90_000);
    print(answer(3));
    expect(reader.stats?.players).toBe(3);
    // The answer to the second question, in the same moment.
    print(answer(4));
    expect(reader.stats?.players).toBe(3);
    jest.advanceTimersByTime(MINUTE);
    print(answer(5));
    expect(reader.stats?.players).toBe(5);
  });

  it('takes it in pieces, between other lines, and not from chat', () => {
    jest.advanceTimersByTime(3000);
    print(`25.11.2026 22:16:39 [Server Chat] 0 | A: ${answer(9)}`, OVERLOAD);
    expect(reader.stats).toBeNull();
    const bytes = Buffer.from(`${answer(3)}\r\n`);
    for (const byte of bytes) reader.take(Buffer.of(byte));
    expect(reader.stats?.players).toBe(3);
  });

  it('forgets all when the game ends: its late answer is not the next one’s', () => {
    jest.advanceTimersByTime(3000);
    const old = reader;
    old.take(Buffer.from(answer(3).slice(0, 50)));
    old.close();
    reader = start();
    print(READY);
    jest.advanceTimersByTime(3000);
    expect(asked).toHaveLength(2);
    old.take(Buffer.from(`${answer(3).slice(50)}\n${answer(3)}\n${OVERLOAD}\n`));
    expect([old.stats, reader.stats]).toEqual([null, null]);
    print(answer(1));
    expect(reader.stats?.players).toBe(1);
    expect(told().map(([kind]) => kind)).toEqual(['game_ready', 'game_ready']);
  });
});

describe('ConsoleReader: events', () => {
  it('tells when the game is ready, once, and how long it took', () => {
    jest.advanceTimersByTime(41_500);
    print(READY, READY);
    expect(told()).toEqual([['game_ready', { seconds: 41.5 }]]);
  });

  it('tells what happens, without a name', () => {
    print(
      '25.11.2026 22:16:39 [Server Event] Alderwick [::1]:40000 joins.',
      '25.11.2026 22:16:39 [Server Event] Player Alderwick left.',
      '25.11.2026 22:16:39 [Server Notification] Server ticking has been suspended',
      '25.11.2026 22:16:39 [Server Notification] Server ticking has been resumed',
      '25.11.2026 22:16:39 [Server Error] Unable to autosave, was not able to pause the server',
      '25.11.2026 22:16:39 [Server Warning] The server is currently using more than 90% of its maximum allowed memory, ...',
      '25.11.2026 22:16:39 [Server Warning] Disk space is below 400 megabytes (312 mb left), ...',
      OVERLOAD,
      '25.11.2026 22:16:39 [Server Event] Stop reason: /stop by Alderwick',
    );
    expect(told()).toEqual([
      ['players_joined', { count: 1 }],
      ['players_left', { count: 1 }],
      ['ticking_suspended', { count: 1 }],
      ['ticking_resumed', { count: 1 }],
      ['autosave_failed', { count: 1 }],
      ['game_memory_high', { count: 1 }],
      ['game_disk_low', { count: 1, freeMb: 312 }],
      ['tick_overload', { count: 1, tickMs: 700 }],
      ['game_stop_reason', {}],
    ]);
    expect(JSON.stringify(log.newest)).not.toContain('Alderwick');
  });

  it('makes one event a minute of a flood, with the number and the longest; the first is told at once', () => {
    for (let second = 0; second < 150; second++) {
      const tickMs = (i: number) => String(501 + ((second * 1000 + i) % 4000));
      print(Array.from({ length: 1000 }, (_, i) => OVERLOAD.replace('700', tickMs(i))).join('\n'));
      if (second === 0) expect(told()).toEqual([['tick_overload', { count: 1, tickMs: 501 }]]);
      jest.advanceTimersByTime(1000);
    }
    expect(told()).toEqual([
      ['tick_overload', { count: 1, tickMs: 501 }],
      ['tick_overload', { count: 59_999, tickMs: 4500 }],
      ['tick_overload', { count: 60_000, tickMs: 4500 }],
    ]);
    reader.close();
    expect(told().at(-1)).toEqual(['tick_overload', { count: 30_000, tickMs: 4500 }]);
  });

  it('tells the next one at once after a minute without any, and each kind for itself', () => {
    print(OVERLOAD);
    jest.advanceTimersByTime(MINUTE);
    print(OVERLOAD, '25.11.2026 22:16:39 [Server Event] Player A left.');
    expect(told().map(([kind]) => kind)).toEqual(['tick_overload', 'tick_overload', 'players_left']);
  });
});
