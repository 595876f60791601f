import { afterEach, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { isAlive } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { describeWith } from '../src/testing/components.js';
import { kernelCpuMs, kernelRssMib } from '../src/testing/kernel.js';
import { freePort } from './support/free-port.js';

const OPENTTD = '/usr/games/openttd';
const SAMPLES = 6;

interface Sample {
  readonly timestamp: string;
  readonly gameMemoryMb: number;
  readonly gameCpuPercent: number;
}

describeWith('OpenTTD', OPENTTD)('a real game server (OpenTTD, dedicated)', () => {
  const folder = temporaryFolder();
  let api: ApiProcess | undefined;

  afterEach(async () => {
    await api?.kill();
    folder.remove();
  });

  it('is started, measured as the kernel measures it, and stopped through the API', async () => {
    const config = join(folder.path, 'openttd.cfg');
    // A map large enough to keep the game busy.
    writeFileSync(config, '[game_creation]\nmap_x = 11\nmap_y = 11\n');
    api = await ApiProcess.start(
      {
        HOME: folder.path,
        XDG_DATA_HOME: join(folder.path, 'share'),
        VS_DATA_DIR: join(folder.path, 'data'),
        VS_METRICS_INTERVAL: '1',
        VS_SERVER_COMMAND: `${OPENTTD} -D 127.0.0.1:${await freePort()} -c ${config} -g -G 42 -x`,
        VS_SERVER_STOP_COMMAND: 'quit',
      },
      folder.path,
    );
    const { pid } = await api.data<GameServerStatus>('server/start', 'POST');
    if (pid === null) throw new Error('no pid');

    // Steady, once the world has been made: memory no longer grows between two samples.
    let sample = await nextSample(api);
    await waitFor(async () => {
      const before = sample;
      sample = await nextSample(required(api));
      return before.gameMemoryMb > 0 && Math.abs(sample.gameMemoryMb - before.gameMemoryMb) < 0.5;
    });

    const [cpuBeganMs, beganMs] = [kernelCpuMs(pid), performance.now()];
    const ours: number[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      sample = await nextSample(api, sample);
      ours.push(sample.gameCpuPercent);
    }
    const kernelCpuPercent = (100 * (kernelCpuMs(pid) - cpuBeganMs)) / (performance.now() - beganMs);
    const kernelMemoryMb = kernelRssMib(pid);
    const cpuPercent = ours.reduce((sum, percent) => sum + percent, 0) / SAMPLES;
    process.stdout.write(
      `OpenTTD: memory ${sample.gameMemoryMb.toFixed(2)} MB, VmRSS ${kernelMemoryMb.toFixed(2)} MB; ` +
        `CPU ${cpuPercent.toFixed(2)} %, kernel ${kernelCpuPercent.toFixed(2)} %\n`,
    );
    expect(Math.abs(sample.gameMemoryMb / kernelMemoryMb - 1)).toBeLessThan(0.02);
    expect(Math.abs(cpuPercent - kernelCpuPercent)).toBeLessThan(3);
    expect(cpuPercent).toBeGreaterThan(0);

    await api.data('server/stop', 'POST');
    await waitFor(
      async () => (await required(api).data<GameServerStatus>('server/status')).state === 'stopped',
    );
    expect(await api.data('server/status')).toMatchObject({ lastExitCode: 0, lastError: null });
    expect(isAlive(pid)).toBe(false);
  });
});

/** The first sample of the game that is newer than `after`. */
async function nextSample(api: ApiProcess, after?: Sample): Promise<Sample> {
  const from = after ?? (await api.data<Sample>('metrics/current'));
  let sample = from;
  await waitFor(async () => {
    sample = await api.data<Sample>('metrics/current');
    return sample.timestamp !== from.timestamp;
  });
  return sample;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not started');
  return value;
}
