import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { describeWith } from '../src/testing/components.js';
import { kernelRssMib } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { ADMIN_KEY, ApiProcess, MAIN, type WireSnapshot } from '../src/testing/api-process.mjs';

/** The oldest that `engines` in package.json allows of each, then the newest ones; `.ci/run` installs them. */
const VERSIONS = ['20.19.0', '22.12.0', '24', '26'];
const MAX_DIFFERENCE_MB = 1;

for (const version of VERSIONS) {
  const node = resolve(`node_modules/.cache/node-versions/node_modules/node-${version}/bin/node`);

  describeWith(`Node ${version}`, node)(`on Node ${version}`, () => {
    it('the built application listens, and takes and keeps true samples of a game', async () => {
      expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(
        new RegExp(`^v${version}(\\.|$)`, 'm'),
      );
      const folder = temporaryFolder();
      const api = ApiProcess.spawn(
        {
          VS_API_KEY_ADMIN: ADMIN_KEY,
          VS_METRICS_INTERVAL: '0.2',
          VS_SERVER_COMMAND: `${node} ${resolve('examples/sample-server.mjs')}`,
          VS_SERVER_AUTOSTART: 'true',
          SAMPLE_SAVE_MS: '50',
        },
        folder.path,
        { command: [node, MAIN] },
      );
      try {
        await api.waitForOutput(/Vintage Story metrics: http/, 90_000);
        // The memory of a game that starts moves: at last both say the same.
        await waitFor(async () => {
          const { pid } = await api.data<GameServerStatus>('server/status');
          const current = await api.data<WireSnapshot | null>('metrics/current');
          if (pid === null || current?.gameMemoryMb == null) return false;
          const differenceMb = Math.abs(current.gameMemoryMb - kernelRssMib(pid));
          return differenceMb < MAX_DIFFERENCE_MB && Number(current.gameCpuPercent) > 0;
        });
        expect(await api.degraded()).toBeNull();
        expect(await api.end()).toBe(0);
      } finally {
        // It stops the game as well; killed, it would leave it behind.
        await api.end();
        folder.remove();
      }
    });
  });
}
