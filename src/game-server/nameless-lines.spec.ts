import { describe, expect, it } from '@jest/globals';
import { lastNamelessLines } from './nameless-lines.js';

const at = '25.11.2026 22:16:39';

describe('lastNamelessLines', () => {
  it('has no name of a player, nothing that one wrote, and no address', () => {
    const lines = [
      `${at} [Server Event] Alice [::ffff:203.0.113.7]:51342 joins.`,
      `${at} [Server Notification] Version: 1.21.5;Players online: 2 / 16 (Alice, Bob.by);;`,
      `${at} [Server Chat] 0 | Alice: my password is xyzzy`,
      `${at} [Server Audit] Bob.by joined.`,
      `${at} [Server Warning] Client 203.0.113.7:51342 is slow; Alice's ping is 812 ms.`,
      `${at} [Server Error] Exception while Bob.by dug: NullReferenceException`,
      '   at Vintagestory.Server.Alice.Dig()',
      `${at} [Server Notification] Handling Console Command /op Carol`,
      `${at} [Server Event] Player Dave left.`,
      `${at} [Server Notification] Dave was at 512017, 3, 511873`,
      `${at} [Server Event] Stop reason: Shutdown by Eve through /stop`,
    ];
    const shown = lastNamelessLines(lines, 20);
    expect(shown).toEqual([
      `${at} [Server Event] … … joins.`,
      `${at} [Server Notification] Version: 1.21.5;Players online: 2 / 16 (…, …);;`,
      `${at} [Server Chat] …`,
      `${at} [Server Audit] …`,
      `${at} [Server Warning] Client … is slow; …'s ping is 812 ms.`,
      `${at} [Server Error] Exception while … dug: NullReferenceException`,
      '   at Vintagestory.Server.….Dig()',
      `${at} [Server Notification] Handling Console Command /op …`,
      `${at} [Server Event] Player … left.`,
      `${at} [Server Notification] … was at 512017, 3, 511873`,
      `${at} [Server Event] Stop reason: …`,
    ]);
    expect(lastNamelessLines(lines, 2)).toEqual(shown.slice(-2));
  });

  it('leaves the lines of any other program as they are', () => {
    const lines = ['Segmentation fault (core dumped)', '', 'v1.2.3 of 25.11.2026, at 12:34:56'];
    expect(lastNamelessLines(lines, 20)).toEqual(lines);
  });
});
