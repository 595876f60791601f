import { describe, expect, it } from '@jest/globals';
import { type StatsAnswer, statsAnswerIn } from './stats-answer.js';

const PREFIX = '25.11.2026 22:16:39 [Server Notification] ';
const REST =
  'Loaded chunks: 1763;Loaded entities: 254 (61 active);Network TCP: 1 Packets/s or 0.1 Kb/s;Network UDP: 0 Packets/s or 0 Kb/s';
const NOTHING: StatsAnswer = {
  players: 0,
  maxPlayers: 16,
  tickMs: null,
  ticksPerSecond: null,
  gcHeapMb: null,
  version: '1.21.5',
};

const answers: [string, string, StatsAnswer][] = [
  [
    'one player',
    'Version: 1.21.5;Uptime: 0 days, 0 hours, 3 minutes, 12 seconds;Players last online: 0 seconds ago;Players online: 1 / 16 (Alderwick);;' +
      `Memory usage Managed/Total: 533.2Mb / 1204.9 Mb;Last 2s Average Tick Time: 33.72 ms;Last 2s Ticks/s: 29.65;Last 10 ticks (ms): 33, 34;${REST}`,
    { players: 1, maxPlayers: 16, tickMs: 33.72, ticksPerSecond: 29.65, gcHeapMb: 533.2, version: '1.21.5' },
  ],
  [
    'decimals with a comma',
    'Version: 1.20.12;Uptime: 1 days, 2 hours, 3 minutes, 12 seconds;Players last online: 0 seconds ago;Players online: 2 / 16 (A, B);;' +
      `Memory usage Managed/Total: 533,2Mb / 1204,9 Mb;Last 2s Average Tick Time: 33,7 ms;Last 2s Ticks/s: 29,5;Last 10 ticks (ms): 33, 34;${REST}`,
    { players: 2, maxPlayers: 16, tickMs: 33.7, ticksPerSecond: 29.5, gcHeapMb: 533.2, version: '1.20.12' },
  ],
  [
    'whole numbers, a queue',
    'Version: 1.21.5;Uptime: 0 days, 0 hours, 0 minutes, 9 seconds;Players last online: 0 seconds ago;Players online: 16 / 16 (A, B);Players in queue: 2 / 8;' +
      `Memory usage Managed/Total: 533Mb / 1204 Mb;Last 2s Average Tick Time: 4 ms;Last 2s Ticks/s: 30;Last 10 ticks (ms): 33;${REST}`,
    { players: 16, maxPlayers: 16, tickMs: 4, ticksPerSecond: 30, gcHeapMb: 533, version: '1.21.5' },
  ],
  [
    'no names, of twenty players',
    `Version: 1.21.5;Players online: 20 / 32;;Memory usage Managed/Total: 1Mb / 2 Mb;${REST}`,
    { ...NOTHING, players: 20, maxPlayers: 32, gcHeapMb: 1 },
  ],
  [
    'nothing ticked',
    `Version: 1.21.5;Players online: 0 / 16;;Memory usage Managed/Total: 512,5Mb / 2 Mb;;;${REST}`,
    { ...NOTHING, gcHeapMb: 512.5 },
  ],
  [
    'a version of words',
    'Version: 1.22.0-rc.1 (Unstable);Players online: 0 / 16',
    { ...NOTHING, version: '1.22.0-rc.1 (Unstable)' },
  ],
  [
    'a version that cannot be one',
    `Version: ${'9'.repeat(41)};Players online: 0 / 16`,
    { ...NOTHING, version: null },
  ],
  ['no version', 'Version: ;Players online: 0 / 16', { ...NOTHING, version: null }],
  [
    'numbers that are none',
    'Version: 1.21.5;Players online: 0 / 16;Memory usage Managed/Total: NaNMb / 1 Mb;Last 2s Average Tick Time: 1.2.3 ms;Last 2s Ticks/s: ∞',
    NOTHING,
  ],
  ['no end', 'Version: 1.21.5;Players online: 0 / 16;Last 2s Average Tick Time: 33', NOTHING],
];

describe('an answer to /stats compact', () => {
  it.each(answers)('with %s is read', (_, line, answer) => {
    expect(statsAnswerIn(line)).toEqual(answer);
  });

  it.each(answers)('with %s is read behind the time and the kind of line', (_, line, answer) => {
    expect(statsAnswerIn(PREFIX + line)).toEqual(answer);
    expect(statsAnswerIn(`1.2.2026 03:04:05 [Notification] ${line}`)).toEqual(answer);
    expect(statsAnswerIn(`[Server Notification] ${line}`)).toEqual(answer);
  });

  it.each([
    '',
    ';',
    'Version: 1.21.5',
    'Version: 1.21.5;Uptime: 0 days',
    'Version: 1.21.5;Players online: 1',
    'Version: 1.21.5;Players online: -1 / 16',
    'Version: 1.21.5;Players online: 1 / 16 and more',
    'Version: 1.21.5;Players online: 9999999999 / 16',
    'Players online: 1 / 16;Version: 1.21.5',
    `${PREFIX}Handling Console Command /stats compact`,
    '25.11.2026 22:16:39 [Server Chat] 0 | Alderwick: Version: 1.21.5;Players online: 9 / 16',
    '25.11.2026 22:16:39 [Server Chat] Version: 1.21.5;Players online: 9 / 16',
    '25.11.2026 22:16:39 [Chat] Version: 1.21.5;Players online: 9 / 16',
    `${PREFIX}Message to all in group 0: Version: 1.21.5;Players online: 9 / 16`,
    `${PREFIX}${PREFIX}Version: 1.21.5;Players online: 9 / 16`,
    '25.11.2026 22:16:39 [Server Event] Version: 1.21.5;Players online: 9 / 16',
  ])('is not this: %s', (line) => {
    expect(statsAnswerIn(line)).toBeNull();
  });

  it('holds no name', () => {
    const text = JSON.stringify(statsAnswerIn(answers[0]?.[1] ?? ''));
    expect(text).not.toContain('Alderwick');
  });

  it('never throws, and takes no longer for a line made to be slow', () => {
    const hostile = `Version: ${'1'.repeat(4000)};Players online: ${'1'.repeat(4000)} / ${' ('.repeat(2000)}`;
    expect(statsAnswerIn(hostile)).toBeNull();
    for (let i = 0; i < 2000; i++) {
      const whole = answers[i % answers.length]?.[1] ?? '';
      const bytes = Buffer.from(PREFIX + whole);
      bytes[(i * 7919) % bytes.length] = (i * 31) % 256;
      statsAnswerIn(bytes.toString('latin1').slice(0, 20 + i));
    }
  });
});
