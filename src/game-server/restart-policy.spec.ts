import { describe, expect, it } from '@jest/globals';
import { RestartPolicy, restartText } from './restart-policy.js';

const MIN_MS = 60_000;

describe('RestartPolicy', () => {
  it('waits 10 s, and after each further crash in half an hour twice as long; the fifth is the last', () => {
    const policy = new RestartPolicy();
    const decisions = [0, 1, 2, 3, 4].map((minute) => policy.crashed(minute * MIN_MS));
    expect(decisions).toMatchObject([
      { kind: 'restart', inMs: 10_000, today: 1 },
      { kind: 'restart', inMs: 20_000, attempt: 2, today: 2 },
      { kind: 'restart', inMs: 40_000, today: 3 },
      { kind: 'restart', inMs: 80_000, today: 4 },
      { kind: 'stayDown', crashes: 5 },
    ]);
    expect(decisions.map(restartText)).toEqual([
      'It is started again in 10 s.',
      'It is started again in 20 s, its crash number 2 in 24 h.',
      'It is started again in 40 s, its crash number 3 in 24 h.',
      'It is started again in 80 s, its crash number 4 in 24 h.',
      'It crashed 5 times in 30 min and stays down: start it by hand.',
    ]);
  });

  it('goes on for ever with a game that crashes now and then, and waits 10 s each time', () => {
    const policy = new RestartPolicy();
    for (let hour = 0; hour < 100; hour++) {
      expect(policy.crashed(hour * 60 * MIN_MS)).toMatchObject({
        kind: 'restart',
        inMs: 10_000,
        today: Math.min(hour + 1, 24),
      });
    }
  });

  it('stays down at a fifth crash within half an hour, however they lie', () => {
    const policy = new RestartPolicy();
    const kinds = [0, 7, 14, 21, 29.9].map((minute) => policy.crashed(minute * MIN_MS).kind);
    expect(kinds.at(-1)).toBe('stayDown');
    const slower = new RestartPolicy();
    expect([0, 8, 16, 24, 32, 40].map((minute) => slower.crashed(minute * MIN_MS).kind)).not.toContain(
      'stayDown',
    );
  });

  it('undoes no stop that was asked for while a restart is waited for', () => {
    const policy = new RestartPolicy();
    const { token } = policy;
    policy.crashed(0);
    expect(policy.isWanted(token)).toBe(true);
    policy.handled(1000);
    expect(policy.isWanted(token)).toBe(false);
    expect(policy.isWanted(policy.token)).toBe(true);
  });

  it('gives a game that was started by hand all its attempts again', () => {
    const policy = new RestartPolicy();
    for (let i = 0; i < 5; i++) policy.crashed(i);
    policy.handled(10);
    expect(policy.crashed(20)).toMatchObject({ kind: 'restart', inMs: 10_000, attempt: 1, today: 6 });
  });
});
