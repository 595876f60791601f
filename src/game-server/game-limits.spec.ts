import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigService } from '@nestjs/config';
import { rmSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { waitFor } from '../testing/wait-for.js';
import { GameLimits } from './game-limits.js';
import { type GameServerConfig } from './game-server.config.js';

describe('GameLimits', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let limits: GameLimits;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    limits.onApplicationShutdown();
    folder.remove();
  });
  const build = (dataPath: string | null, pidFile: string) => {
    const server: Partial<GameServerConfig> = { dataPath, pidFile };
    limits = new GameLimits(new ConfigService({ server }));
  };

  it('knows what the game allows itself, as soon as its file says so and for as long', async () => {
    build(folder.path, '');
    expect(limits.dieBelowDiskSpaceMb()).toBeNull();
    const before = limits.memory();
    const file = join(folder.path, 'serverconfig.json');
    writeFileSync(file, '{"DieAboveMemoryUsageMb": 200, "DieBelowDiskSpaceMb": 400}');
    await waitFor(() => limits.dieBelowDiskSpaceMb() === 400);
    expect(limits.memory()).toEqual({ mb: 200, source: 'game' });
    rmSync(file);
    await waitFor(() => limits.dieBelowDiskSpaceMb() === null);
    expect(limits.memory()).toEqual(before);
  });

  it("has the machine's memory where nothing else is known", () => {
    build(null, '/run/game.pid');
    expect(limits.memory()).toEqual({ mb: totalmem() / 1024 ** 2, source: 'machine' });
  });
});
