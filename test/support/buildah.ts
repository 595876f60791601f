import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { CERTIFICATES, fillStandInRoot, npmConfig } from './stand-in-image.js';

const run = promisify(execFile);

/** What an image says of how it is run, as `docker inspect` shows it. */
export interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly StopSignal: string;
  readonly Volumes: Readonly<Record<string, object>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

export interface ContainerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Paths of this machine by the paths that they get in the container; `:ro` makes one read-only. */
  readonly volumes?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
}

/** Making and removing tens of thousands of files takes minutes on a busy disk. */
const IN_MEMORY = '/dev/shm';
const ROOM_BYTES = 4 * 2 ** 30;

function hasRoomInMemory(): boolean {
  if (!existsSync(IN_MEMORY)) return false;
  const { bavail, bsize } = statfsSync(IN_MEMORY);
  return bavail * bsize >= ROOM_BYTES;
}

/** Images and containers without a daemon and without a registry, in a folder of their own. */
export class Buildah {
  private readonly folder = temporaryFolder(hasRoomInMemory() ? IN_MEMORY : undefined);
  private readonly env: NodeJS.ProcessEnv = { ...process.env, BUILDAH_ISOLATION: 'chroot' };
  /** Layers over each other need no copies, but not every machine has them. (With --root, STORAGE_DRIVER is not looked at.) */
  private driver = 'overlay';

  constructor() {
    if (spawnSync('buildah', this.args('info'), { env: this.env }).status !== 0) this.driver = 'vfs';
  }

  /** Makes a base image of this machine's Node and what it needs of this machine's system, under that name. */
  async makeBase(name: string): Promise<void> {
    const container = await this.do('from', 'scratch');
    fillStandInRoot(await this.do('mount', container));
    await this.do('umount', container);
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const variables = [
      `PATH=${path}`,
      `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`,
      `npm_config_registry=${npmConfig('registry')}`,
    ];
    await this.do('config', ...variables.flatMap((variable) => ['--env', variable]), container);
    await this.do('commit', '--quiet', '--rm', container, name);
  }

  /** Builds the folder's Dockerfile; npm in it reaches its registry in the way in which it does on this machine. */
  async build(folder: string, name: string): Promise<void> {
    const cache = npmConfig('cache');
    mkdirSync(cache, { recursive: true });
    const mounts = [
      [cache, '/root/.npm'],
      [npmConfig('globalconfig'), '/usr/local/etc/npmrc:ro'],
      [join(homedir(), '.npmrc'), '/root/.npmrc:ro'],
    ].filter(([path = '']) => existsSync(path));
    const volumes = mounts.flatMap(([from, to]) => ['--volume', `${from}:${to}`]);
    await this.do(
      'bud',
      '--jobs',
      '2',
      '--format',
      'docker',
      '--pull-never',
      ...volumes,
      '--tag',
      name,
      folder,
    );
  }

  async config(image: string): Promise<ImageConfig> {
    const { Docker } = JSON.parse(await this.do('inspect', '--type', 'image', image)) as {
      Docker: { config: ImageConfig };
    };
    return Docker.config;
  }

  /** A container of an image, in which programs can be run. */
  async container(image: string): Promise<string> {
    return this.do('from', '--pull-never', image);
  }

  /** The command line that runs a program in a container. */
  commandLine(
    container: string,
    program: readonly string[],
    { env = {}, volumes = {}, workingDir }: ContainerOptions = {},
  ): string[] {
    const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const mounts = Object.entries(volumes).flatMap(([inside, outside]) => [
      '--volume',
      `${outside}:${inside}`,
    ]);
    const folder = workingDir === undefined ? [] : ['--workingdir', workingDir];
    return ['buildah', ...this.args('run', ...variables, ...mounts, ...folder, container, '--', ...program)];
  }

  /** What a program says in a container; rejects when it fails. */
  async output(
    container: string,
    program: readonly string[],
    options: ContainerOptions = {},
  ): Promise<string> {
    const [buildah = '', ...args] = this.commandLine(container, program, options);
    const { stdout } = await run(buildah, args, { env: this.env });
    return stdout.trim();
  }

  spawn([program = '', ...args]: readonly string[]): ChildProcess {
    return spawn(program, args, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Removes all images and containers. */
  remove(): void {
    for (const args of [
      ['rm', '--all'],
      ['rmi', '--all', '--force'],
    ]) {
      execFileSync('buildah', this.args(...args), { env: this.env, stdio: 'ignore' });
    }
    this.folder.remove();
  }

  private async do(...args: string[]): Promise<string> {
    const { stdout } = await run('buildah', this.args(...args), { env: this.env, maxBuffer: 2 ** 26 });
    return stdout.trim();
  }

  private args(...args: string[]): string[] {
    const path = (name: string) => join(this.folder.path, name);
    return ['--storage-driver', this.driver, '--root', path('images'), '--runroot', path('run'), ...args];
  }
}
