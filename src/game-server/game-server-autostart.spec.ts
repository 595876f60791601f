import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { waitFor } from '../testing/wait-for.js';
import { groupMembers } from '../testing/game-programs.js';
import { GameServer } from './game-server.js';
import { GameServerModule } from './game-server.module.js';

describe('GameServerAutostart', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let before: NodeJS.ProcessEnv;
  let app: NestFastifyApplication;
  let errors: string[];

  beforeEach(() => {
    folder = temporaryFolder();
    before = { ...process.env };
    errors = [];
  });

  afterEach(async () => {
    await app.close();
    process.env = before;
    folder.remove();
  });

  async function build(variables: Record<string, string>): Promise<GameServer> {
    Object.assign(process.env, {
      VS_DATA_DIR: folder.path,
      VS_SERVER_COMMAND: 'sleep 60',
      VS_SERVER_STOP_COMMAND: '',
      ...variables,
    });
    const ignore = () => undefined;
    const module = await Test.createTestingModule({ imports: [GameServerModule] })
      .setLogger({ log: ignore, warn: ignore, error: (message: string) => errors.push(message) })
      .compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    return app.get(GameServer);
  }

  it('starts the game when the API listens, not before; closing the API stops it', async () => {
    const server = await build({ VS_SERVER_AUTOSTART: 'true' });
    await app.init();
    await new Promise((done) => setTimeout(done, 50));
    expect(server.status.state).toBe('stopped');
    await app.listen(0, '127.0.0.1');
    await waitFor(() => server.status.state === 'running');
    const { pid } = server.status;
    if (pid === null) throw new Error('no process');
    expect(groupMembers(pid)).toEqual([pid]);
    await app.close();
    expect(groupMembers(pid)).toEqual([]);
  });

  it('starts nothing unless told to', async () => {
    const server = await build({});
    await app.listen(0, '127.0.0.1');
    await new Promise((done) => setTimeout(done, 50));
    expect(server.status.state).toBe('stopped');
  });

  it.each([
    ['a program that is not there', './gone', 'stopped', /program \.\/gone was not found/],
    ['no command', '', 'not_configured', /set VS_SERVER_COMMAND/],
  ])('with %s: the API lives, and the log has the reason', async (_, command, state, reason) => {
    const server = await build({ VS_SERVER_AUTOSTART: 'true', VS_SERVER_COMMAND: command });
    await app.listen(0, '127.0.0.1');
    await waitFor(() => errors.some((message) => message.startsWith('The game server was not started: ')));
    expect(errors.at(-1)).toMatch(reason);
    expect(server.status.state).toBe(state);
  });
});
