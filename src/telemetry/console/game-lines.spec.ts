import { describe, expect, it } from '@jest/globals';
import { type Happening, happeningIn } from './game-lines.js';

const lines: [string, string, Happening][] = [
  ['Event', 'Dedicated Server now running on Port 42420 and all ips!', { what: 'ready' }],
  ['Event', 'Dedizierter Server läuft jetzt, now running on Port 42421 and 10.0.0.1', { what: 'ready' }],
  ['Event', 'サーバー now running on Port 42420 and all ips!', { what: 'ready' }],
  ['Warning', 'Server overloaded. A tick took 4803ms to complete.', { what: 'overloaded', tickMs: 4803 }],
  ['Notification', 'Server ticking has been suspended', { what: 'suspended' }],
  ['Notification', 'Server ticking has been resumed', { what: 'resumed' }],
  ['Event', 'Alderwick [::ffff:192.168.1.2]:55001 joins.', { what: 'joined' }],
  ['Event', 'Alderwick 10.0.0.1:55001 joins.', { what: 'joined' }],
  ['Event', 'Player Alderwick left.', { what: 'left' }],
  ['Error', 'Unable to autosave, was not able to pause the server', { what: 'autosaveFailed' }],
  [
    'Warning',
    'The server is currently using more than 90% of its maximum allowed memory (46000 of 50000 Mb)',
    { what: 'memoryHigh' },
  ],
  [
    'Warning',
    'Disk space is below 400 megabytes (312 mb left). A shutdown follows.',
    { what: 'diskLow', freeMb: 312 },
  ],
  ['Warning', 'Disk space is below 400 megabytes', { what: 'diskLow', freeMb: null }],
  ['Event', 'Stop reason: Shutdown through the console', { what: 'stopping', reason: 'asked' }],
  ['Event', 'Stop reason: SIGTERM received', { what: 'stopping', reason: 'signal' }],
  ['Notification', 'Stop reason: Reached maximum allowed memory', { what: 'stopping', reason: 'memory' }],
  ['Notification', 'Stop reason: Disk space is too low', { what: 'stopping', reason: 'disk' }],
  ['Notification', 'Stop reason: Exception during a tick', { what: 'stopping', reason: 'errors' }],
  ['Notification', 'Stop reason: ', { what: 'stopping', reason: 'other' }],
];

describe('a line that says that something happened', () => {
  it.each(lines)('[%s] %s', (level, message, happening) => {
    expect(happeningIn(`25.11.2026 22:16:39 [Server ${level}] ${message}`)).toEqual(happening);
    expect(happeningIn(`1.2.2026 03:04:05 [${level}] ${message}`)).toEqual(happening);
    expect(happeningIn(`2026-11-25 22.16.39 [${level}] ${message}`)).toEqual(happening);
  });

  it.each(lines)('is not one of chat, nor one that quotes it: [%s] %s', (level, message) => {
    const line = `25.11.2026 22:16:39 [Server ${level}] ${message}`;
    expect(happeningIn(`25.11.2026 22:16:39 [Server Chat] 0 | Alderwick: ${message}`)).toBeNull();
    expect(happeningIn(`25.11.2026 22:16:39 [Server Chat] ${message}`)).toBeNull();
    expect(happeningIn(`25.11.2026 22:16:39 [Chat] ${message}`)).toBeNull();
    expect(happeningIn(`25.11.2026 22:16:39 [Chat] ${line}`)).toBeNull();
    expect(happeningIn(`25.11.2026 22:16:39 [Server Audit] Alderwick: ${line}`)).toBeNull();
    expect(
      happeningIn(`25.11.2026 22:16:39 [Server Notification] Handling Console Command ${message}`),
    ).toBeNull();
    expect(happeningIn(message)).toBeNull();
  });

  it.each([
    '',
    '[',
    '[Server Event]',
    '[Server Event] ',
    '25.11.2026 22:16:39 [Server Event] Client 3 disconnected.',
    '25.11.2026 22:16:39 [Server Event] Autosaving game world. Notifying mods, then systems of save...',
    '25.11.2026 22:16:39 [Server Event] All clients disconnected, pausing game calendar.',
    '25.11.2026 22:16:39 [Server Warning] Server overloaded. A tick took forever',
    '25.11.2026 22:16:39 [Server Notification] Server ticking has been observed',
    // Only events tell of players and of the port.
    '25.11.2026 22:16:39 [Server Notification] Dedicated Server now running on Port 42420 and all ips!',
  ])('is not this one: %s', (line) => {
    expect(happeningIn(line)).toBeNull();
  });

  it('holds no name and no address', () => {
    for (const [level, message] of lines) {
      const text = JSON.stringify(happeningIn(`25.11.2026 22:16:39 [Server ${level}] ${message}`));
      expect(text).not.toMatch(/Alderwick|192\.168|10\.0\.0/);
    }
  });
});
