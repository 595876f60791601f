import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { split } from 'shlex';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { describeWith } from '../src/testing/components.js';
import { executable, hasEnded } from '../src/testing/game-programs.js';
import { isAlive, kernelCpuMs, kernelRssMib } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { type WireSnapshot } from '../src/testing/api-process.mjs';
import { Buildah, type ImageConfig } from './support/buildah.js';
import { composeServices } from './support/compose.js';
import { freePort } from './support/free-port.js';
import { UNSHARE } from './support/namespaces.js';
import { descendants } from './support/processes.js';

const BASE = 'docker.io/library/node:24-trixie-slim';
const IMAGE = 'vintagestory-metrics';
const BUILD_TIMEOUT_MS = 900_000;
const KEY = 'admin-key-of-the-test';
/** The user `node` of the image. */
const UID = 1000;
const WINDOW_MS = 4000;
const MAX_DIFFERENCE_POINTS = 5;
const MAX_DIFFERENCE_MB = 5;
const GAME = /sample-server\.mjs/;
/** What the image's entry point starts; its path may have been looked up. */
const TINI = /^([^\0]*\/)?tini\0/;

describeWith('buildah', '/usr/bin/buildah')('the container', () => {
  const services = composeServices({ VS_API_KEY_ADMIN: KEY });
  const buildah = new Buildah();
  let image: ImageConfig;
  /** A container that holds what the image holds, and runs nothing by itself. */
  let idle: string;
  let folder: ReturnType<typeof temporaryFolder>;
  let port: number;
  let running: ChildProcess[] = [];
  let output = '';

  beforeAll(async () => {
    await buildah.makeBase(BASE);
    await buildah.build(resolve('.'), IMAGE);
    image = await buildah.config(IMAGE);
    idle = await buildah.container(IMAGE);
  }, BUILD_TIMEOUT_MS);

  afterAll(() => {
    buildah.remove();
  });

  beforeEach(async () => {
    folder = temporaryFolder();
    // Containers run as another user than we do.
    chmodSync(folder.path, 0o755);
    mkdirSync(join(folder.path, 'game'));
    copyFileSync(resolve('examples/sample-server.mjs'), join(folder.path, 'game', 'sample-server.mjs'));
    executable(join(folder.path, 'dotnet'), '#!/bin/sh\nexec node /game/sample-server.mjs\n');
    port = await freePort();
    running = [];
    output = '';
  });

  afterEach(async () => {
    for (const child of running) {
      // All at once: whoever loses its parent is no longer found below the container.
      for (const pid of descendants(child, /./)) killIfThere(pid);
      await hasEnded(child);
    }
    folder.remove();
  });

  /** Runs a service of compose.yaml as it stands there, but for the port, quick samples, and Node as `dotnet`. */
  async function start(name: string, under: readonly string[] = []): Promise<ChildProcess> {
    const service = services[name];
    if (service === undefined) throw new Error(`compose.yaml has no service ${name}`);
    const volumes: Record<string, string> = { '/usr/local/bin/dotnet:ro': join(folder.path, 'dotnet') };
    for (const volume of service.volumes) {
      const [source = '', target = '', mode = 'rw'] = volume.split(':');
      const ours = join(folder.path, basename(source));
      mkdirSync(ours, { recursive: true });
      chownSync(ours, UID, UID);
      volumes[`${target}:${mode}`] = ours;
    }
    // Compose makes one $ of two.
    const program = service.command === undefined ? image.Cmd : split(service.command.replaceAll('$$', '$'));
    const child = buildah.spawn([
      ...under,
      ...buildah.commandLine(await buildah.container(IMAGE), [...image.Entrypoint, ...program], {
        env: {
          ...service.environment,
          VS_API_HOST: '127.0.0.1',
          VS_API_PORT: String(port),
          VS_METRICS_INTERVAL: '0.2',
          SAMPLE_LOAD_PERCENT: '30',
          SAMPLE_SAVE_MS: '1500',
          SAMPLE_SAVE_FILE: '/world/saved',
        },
        volumes,
        workingDir: service.working_dir ?? image.WorkingDir,
      }),
    ]);
    running.push(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    return child;
  }

  async function data<T>(path: string): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1alpha1/${path}`, {
      headers: { 'x-api-key': KEY },
    });
    return ((await answer.json()) as { data: T }).data;
  }

  const isReady = async () => {
    if (running.some(({ exitCode }) => exitCode !== null)) throw new Error(`a container ended:\n${output}`);
    return (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status === 200;
  };

  const isMeasured = async () => (await data<WireSnapshot | null>('metrics/current'))?.gameCpuPercent != null;

  /** One that ends with another has ended by now. */
  function killIfThere(pid: number): void {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** The pid, on this machine, of what the containers run. */
  function pidOf(child: ChildProcess, pattern: RegExp): number {
    const [pid] = descendants(child, pattern);
    if (pid === undefined) throw new Error(`${String(pattern)} does not run:\n${output}`);
    return pid;
  }

  async function expectTrueNumbers(game: number): Promise<void> {
    await waitFor(isMeasured);
    const from = { atMs: Date.now(), cpuMs: kernelCpuMs(game) };
    await sleep(WINDOW_MS);
    const to = { atMs: Date.now(), cpuMs: kernelCpuMs(game) };
    const { metrics } = await data<{ metrics: WireSnapshot[] }>('metrics/history');
    const window = metrics.filter(({ timestamp }) => {
      const atMs = Date.parse(timestamp);
      return atMs > from.atMs && atMs <= to.atMs;
    });
    const [first, last] = [window[0], window.at(-1)].map((sample) => Date.parse(sample?.timestamp ?? ''));
    const usedMs = window.slice(1).reduce((sum, { timestamp, gameCpuPercent }, at) => {
      return (
        sum +
        (Number(gameCpuPercent) / 100) * (Date.parse(timestamp) - Date.parse(window[at]?.timestamp ?? ''))
      );
    }, 0);
    const ours = (100 * usedMs) / (Number(last) - Number(first));
    const theirs = (100 * (to.cpuMs - from.cpuMs)) / (to.atMs - from.atMs);
    expect(theirs).toBeGreaterThan(10);
    expect(Math.abs(ours - theirs)).toBeLessThan(MAX_DIFFERENCE_POINTS);
    expect(Math.abs(Number(window.at(-1)?.gameMemoryMb) - kernelRssMib(game))).toBeLessThan(
      MAX_DIFFERENCE_MB,
    );
  }

  it('holds the application and what it needs, and no file of ours besides', async () => {
    expect(image).toMatchObject({ User: 'node', WorkingDir: '/app', Volumes: { '/data': {} } });
    const files = await buildah.output(idle, ['ls', '-A', '/app', '/data', '/app/node_modules']);
    const [app, libraries, data] = files.split('\n\n').map((folder) => folder.split('\n'));
    expect(app).toEqual(['/app:', 'dist', 'node_modules', 'package.json']);
    expect(data).toEqual(['/data:']);
    expect(libraries).toContain('libsql');
    expect(libraries).not.toContain('typescript-eslint');
  });

  it('runs a game, measures it as the kernel does, and lets it save when it is stopped', async () => {
    const child = await start('manager', UNSHARE);
    await waitFor(isReady, 'the API in a container answers', 90_000);
    // The API answers before the game that it starts is there.
    await waitFor(() => descendants(child, GAME).length > 0, 'the game runs', 60_000);
    const [, ...healthcheck] = image.Healthcheck.Test;
    expect(healthcheck).not.toEqual([]);
    const { status, gamePid } = {
      status: await data<GameServerStatus>('server/status'),
      gamePid: pidOf(child, GAME),
    };
    expect(status).toMatchObject({ state: 'running', controllable: true });
    // In its own namespace it has another number than outside.
    const pids = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${gamePid}/status`, 'utf8'))?.[1]?.split(/\s+/);
    expect(pids).toEqual([String(gamePid), String(status.pid)]);
    const isGameReady = async () =>
      (await data<{ events: { kind: string }[] }>('events')).events.some(({ kind }) => kind === 'game_ready');
    await waitFor(isGameReady, 'the game is ready');
    await expectTrueNumbers(gamePid);

    const check = (apiPort: number) =>
      buildah.output(idle, healthcheck, { env: { VS_API_PORT: String(apiPort) } }).then(
        () => 'healthy',
        () => 'unhealthy',
      );
    expect([await check(port), await check(await freePort())]).toEqual(['healthy', 'unhealthy']);

    process.kill(pidOf(child, TINI), image.StopSignal);
    await hasEnded(child);
    expect(child.exitCode).toBe(0);
    expect(readFileSync(join(folder.path, 'world', 'saved'), 'utf8')).toBe('saved\n');
    expect(existsSync(join(folder.path, 'metrics', 'metrics.db'))).toBe(true);
  });

  it('measures the game of another container whose pid namespace it shares, and leaves it alone', async () => {
    const game = await start('game');
    await waitFor(() => descendants(game, GAME).length > 0, 'the game runs', 60_000);
    const gamePid = pidOf(game, GAME);
    const child = await start('metrics');
    await waitFor(isReady, 'the API in a container answers', 90_000);
    expect(await data<GameServerStatus>('server/status')).toMatchObject({
      state: 'running',
      controllable: false,
      pid: gamePid,
    });
    await waitFor(() => output.includes('now running on Port'), 'the game is ready');
    await expectTrueNumbers(gamePid);
    process.kill(pidOf(child, TINI), image.StopSignal);
    await hasEnded(child);
    expect(child.exitCode).toBe(0);
    expect(isAlive(gamePid)).toBe(true);
  });
});
