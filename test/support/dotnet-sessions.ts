import { afterEach, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DotnetSession } from '../../src/telemetry/dotnet/dotnet-session.js';
import { DotnetGame } from '../../src/testing/dotnet.js';
import { waitFor } from '../../src/testing/wait-for.js';

/** By then a runtime has handed on what has happened (it does so every 100 ms). */
export const HANDED_ON_MS = 500;

/** Real .NET games and our sessions in them, which end with each test of a file; what is logged is kept back. */
export function dotnetSessions() {
  const logged = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
  const warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  const games: DotnetGame[] = [];
  const sessions: DotnetSession[] = [];

  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await Promise.all(games.splice(0).map((game) => game.kill()));
    logged.mockClear();
    warned.mockClear();
  });

  return {
    games,
    sessions,
    warned,
    start: async (...args: Parameters<typeof DotnetGame.start>): Promise<DotnetGame> => {
      const game = await DotnetGame.start(...args);
      games.push(game);
      return game;
    },
    listenTo: async (game: DotnetGame, onPause?: (ms: number) => void): Promise<DotnetSession> => {
      const session = new DotnetSession(game.process, onPause);
      sessions.push(session);
      session.open();
      await waitFor(() => session.counters !== null);
      return session;
    },
  };
}

/** Has the session hear many events, of which the quickest tells best how far the runtime's clock is. */
export async function tuneClock(game: DotnetGame): Promise<void> {
  game.send('/collect 50');
  await sleep(1000);
  game.send('/collect 0');
  await sleep(HANDED_ON_MS);
}
