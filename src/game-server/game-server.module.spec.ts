import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { ServerService } from '../metrics/server.service.js';
import { savingGame } from '../testing/game-programs.js';
import { gameServerLife } from '../testing/game-server-life.js';
import { GameServer } from './game-server.js';
import { GameServerModule } from './game-server.module.js';
import { type GameServerService } from './game-server.service.js';

const { folder, file, watch, exists } = gameServerLife();

describe('in its module', () => {
  let before: NodeJS.ProcessEnv;
  beforeEach(() => {
    before = { ...process.env };
  });
  afterEach(() => {
    process.env = before;
  });

  it('reads VS_SERVER_*, is what the metrics see, and is stopped with the application', async () => {
    const script = file('a game.js');
    writeFileSync(script, savingGame(file('saved'), file('ready')));
    Object.assign(process.env, {
      VS_DATA_DIR: file('data'),
      VS_SERVER_COMMAND: `'${process.execPath}' '${script}'`,
      VS_SERVER_CWD: folder.path,
      VS_SERVER_STOP_COMMAND: '/stop',
      VS_SERVER_STOP_TIMEOUT: '60',
    });
    const module = await Test.createTestingModule({ imports: [GameServerModule] }).compile();
    const service = watch(module.get<GameServerService>(GameServer));
    await module.init();
    const { pid } = await service.start();
    expect(module.get(ServerService).gameServerPid).toBe(pid);
    await exists('ready');
    await module.close();
    expect(readFileSync(file('saved'), 'utf8')).toBe('/stop');
    expect(module.get(ServerService).gameServerPid).toBeNull();
  });
});
