import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { waitFor } from '../testing/wait-for.js';
import { GameConfigFile, ownLimits } from './game-config-file.js';
import { lowestMemoryLimit } from './lowest-memory-limit.js';

const NONE = { memoryMb: null, diskFreeMb: null };

describe('GameConfigFile', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });
  const file = () => join(folder.path, 'serverconfig.json');
  const write = (text: string) => {
    writeFileSync(file(), text);
  };

  const seen = async (config: GameConfigFile) => {
    await config.look();
    return config.limits;
  };

  it('is read when it appears, and when it changes', async () => {
    const config = new GameConfigFile(folder.path);
    expect(config.limits).toEqual(NONE);
    expect(await seen(config)).toEqual(NONE);
    write('{"DieAboveMemoryUsageMb": 50000, "DieBelowDiskSpaceMb": 400}');
    // Many kernels give times to some milliseconds alone: what follows, as long as this, would have the same.
    utimesSync(file(), new Date(0), new Date(0));
    expect(await seen(config)).toEqual({ memoryMb: 50_000, diskFreeMb: 400 });
    write('{"DieAboveMemoryUsageMb": 8000, "DieBelowDiskSpaceMb": 400 }');
    expect(await seen(config)).toEqual({ memoryMb: 8000, diskFreeMb: 400 });
    rmSync(file());
    expect(await seen(config)).toEqual(NONE);
  });

  it('is looked at by whoever asks, some seconds later', async () => {
    write('{"DieAboveMemoryUsageMb": 8000}');
    const config = new GameConfigFile(folder.path);
    await waitFor(() => config.limits.memoryMb === 8000);
    write('{"DieAboveMemoryUsageMb": 90000}');
    await waitFor(() => config.limits.memoryMb === 90_000);
  });

  it('keeps what it had while the file is broken', async () => {
    const config = new GameConfigFile(folder.path);
    await seen(config);
    write('{"DieAboveMemoryUsageMb": 8000}');
    expect((await seen(config)).memoryMb).toBe(8000);
    for (const broken of ['', '{"DieAbove', '[]', 'null']) {
      write(broken);
      expect((await seen(config)).memoryMb).toBe(8000);
    }
    rmSync(file());
    mkdirSync(file());
    expect((await seen(config)).memoryMb).toBe(8000);
  });
});

describe('ownLimits', () => {
  it.each([
    ['\uFEFF{"DieAboveMemoryUsageMb": 1}', { memoryMb: 1, diskFreeMb: null }],
    ['{"DieAboveMemoryUsageMb": 0, "DieBelowDiskSpaceMb": -1}', NONE],
    ['{"DieAboveMemoryUsageMb": "8000"}', NONE],
    // The game's own check overflows there.
    ['{"DieBelowDiskSpaceMb": 2047}', { memoryMb: null, diskFreeMb: 2047 }],
    ['{"DieBelowDiskSpaceMb": 2048}', NONE],
  ])('%s', (text, limits) => {
    expect(ownLimits(text)).toEqual(limits);
  });
});

describe('lowestMemoryLimit', () => {
  it.each([
    [
      { cgroup: 4096, game: 50_000, machine: 16_000 },
      { mb: 4096, source: 'cgroup' },
    ],
    [
      { cgroup: null, game: 8000, machine: 16_000 },
      { mb: 8000, source: 'game' },
    ],
    [
      { machine: 16_000, cgroup: null, game: 50_000 },
      { mb: 16_000, source: 'machine' },
    ],
    [
      { machine: 4096, cgroup: 4096, game: 4096 },
      { mb: 4096, source: 'cgroup' },
    ],
    [{ cgroup: null, game: null, machine: null }, null],
  ])('of %j is %j', (limits, lowest) => {
    expect(lowestMemoryLimit(limits)).toEqual(lowest);
  });
});
