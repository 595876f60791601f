import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';

describe('the whole application with the sample server', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;

  beforeAll(async () => {
    api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '1',
        VS_DATA_DIR: '',
        VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
        VS_SERVER_AUTOSTART: 'true',
      },
      folder.path,
    );
  });

  afterAll(async () => {
    await api.kill();
    folder.remove();
  });

  const status = () => api.data<GameServerStatus>('server/status');

  it('loses no sample when the game is killed from outside, and says so once', async () => {
    await waitFor(async () => (await api.history()).at(-1)?.gameMemoryMb != null);
    process.kill((await status()).pid ?? NaN, 'SIGKILL');
    await waitFor(async () => (await status()).state === 'stopped');
    const atCrash = (await api.history()).length;
    await waitFor(async () => (await api.history()).length >= atCrash + 3);
    expect(await status()).toMatchObject({
      lastExitSignal: 'SIGKILL',
      lastError: 'The game server was ended by SIGKILL, which was not sent by us.',
    });
    expect(
      api.output.match(/which was not sent by us\. The last sample, of .* Game memory \d/g),
    ).toHaveLength(1);

    const samples = await api.history();
    const gapsMs = samples
      .slice(1)
      .map((sample, i) => Date.parse(sample.timestamp) - Date.parse(samples[i]?.timestamp ?? ''));
    // 1 s apart: a lost sample would leave 2 s; a busy machine may hold one up a little.
    expect(Math.max(...gapsMs)).toBeLessThan(1900);
    expect(samples.at(-1)).toMatchObject({ gameMemoryMb: null, gameCpuPercent: null });
  });
});
