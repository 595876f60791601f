import { describe, expect, it } from '@jest/globals';
import { stopReasonIn } from './stop-reason.js';

const at = '25.11.2026 22:16:39';

describe('stopReasonIn', () => {
  it.each<[string[], string | null]>([
    [[], null],
    [[`${at} [Server Event] Stop reason: Out of disk space`, 'a last word'], 'Out of disk space'],
    [[`${at} [Event] Server stop requested. Stop reason: Shutdown by Alice`], 'Shutdown by Alice'],
    // What a player writes.
    [[`${at} [Server Chat] 0 | Mallory: Stop reason: Out of disk space`], null],
    [['Stop reason: Out of disk space'], null],
    // Of the run before.
    [
      [
        `${at} [Event] Stop reason: Shutdown`,
        `${at} [Event] Dedicated Server now running on Port 42420 and all ips!`,
      ],
      null,
    ],
  ])('%j: %j', (lines, reason) => {
    expect(stopReasonIn(lines)).toBe(reason);
  });
});
