import { describe, expect, it } from '@jest/globals';
import { crashCause, type GameEnd } from './crash-cause.js';

const end: GameEnd = {
  code: 0,
  signal: null,
  oomKillRose: false,
  lastMemoryMb: 1000,
  memoryLimit: { mb: 4000, source: 'cgroup' },
  stopReason: null,
};
const killed = { code: null, signal: 'SIGKILL' } as const;

describe('crashCause', () => {
  it.each<[Partial<GameEnd>, string, RegExp, boolean]>([
    [{ code: 1 }, 'exit_code', /^The game server ended with exit code 1\.$/, true],
    [{ code: 134, stopReason: 'Exit request by client' }, 'exit_code', /134/, true],
    // Programs other than Vintage Story do not say why.
    [{}, 'stopped', /^The game server ended by itself, with exit code 0\.$/, false],
    [
      { code: null, signal: 'SIGSEGV' },
      'signal',
      /^The game server was ended by SIGSEGV, which was not sent by us\.$/,
      true,
    ],
    [killed, 'signal', /SIGKILL/, true],
    [
      { ...killed, oomKillRose: true },
      'out_of_memory',
      /^The game server was killed by the kernel .* \(1000 MB at the last sample, of 4000 MB, of its cgroup\)\.$/,
      true,
    ],
    [{ ...killed, oomKillRose: true, lastMemoryMb: null }, 'out_of_memory', /for lack of memory\.$/, true],
    [{ code: 137, oomKillRose: true }, 'out_of_memory', /killed by the kernel/, true],
    // A child of the game was killed, the game lived on, and was stopped later.
    [{ oomKillRose: true, stopReason: 'Shutdown' }, 'stopped', /inside the game/, false],
    [
      { ...killed, lastMemoryMb: 3800 },
      'probably_out_of_memory',
      /^The game server was probably killed by the kernel/,
      true,
    ],
    [{ ...killed, lastMemoryMb: 3799 }, 'signal', /SIGKILL/, true],
    [{ ...killed, lastMemoryMb: 3800, memoryLimit: null }, 'signal', /SIGKILL/, true],
    [{ stopReason: 'Server is consuming too much RAM' }, 'own_memory_limit', /DieAboveMemoryUsageMb/, true],
    [
      { stopReason: 'Too many errors detected. See server-main.log file' },
      'too_many_errors',
      /DieAboveErrorCount/,
      true,
    ],
    [{ stopReason: 'Out of disk space' }, 'disk_full', /DieBelowDiskSpaceMb/, true],
    [{ stopReason: 'Exception during Process' }, 'exception', /exception/, true],
    [{ stopReason: 'Exception thrown by server during startup or process' }, 'exception', /exception/, true],
    [
      { stopReason: 'Shutdown by Alice through /stop' },
      'stopped',
      /^The game server was stopped from inside the game\.$/,
      false,
    ],
    [{ code: null }, 'unknown', /how is not known/, true],
    [{ code: null, lastMemoryMb: 3999 }, 'unknown', /how is not known/, true],
    [{ code: null, oomKillRose: true }, 'out_of_memory', /killed by the kernel/, true],
    [{ code: null, oomKillRose: true, stopReason: 'Shutdown' }, 'stopped', /inside the game/, false],
    [{ code: null, stopReason: 'Out of disk space' }, 'disk_full', /DieBelowDiskSpaceMb/, true],
  ])('%j: %s', (known, name, text, isCrash) => {
    const cause = crashCause({ ...end, ...known });
    expect(cause).toEqual({ name, text: expect.stringMatching(text), isCrash });
    expect(cause.text).not.toContain('Alice');
  });
});
