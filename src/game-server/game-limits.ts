import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { totalmem } from 'node:os';
import { CgroupWatch } from '../process/linux/cgroup-watch.js';
import { GameConfigFile } from './game-config-file.js';
import { type GameServerConfig } from './game-server.config.js';
import { lowestMemoryLimit, type MemoryLimit } from './lowest-memory-limit.js';

const BYTES_PER_MB = 1024 ** 2;

/** Where the game ends: what it may use of memory, and how much room it needs on its disk. Cheap to ask every second. */
@Injectable()
export class GameLimits implements OnApplicationShutdown {
  private readonly configFile: GameConfigFile | null;
  private cgroups: CgroupWatch | null;

  constructor(config: ConfigService<{ server: GameServerConfig }, true>) {
    const { dataPath, pidFile } = config.get('server', { infer: true });
    this.configFile = dataPath === null ? null : new GameConfigFile(dataPath);
    // A game that we start begins in our own cgroups.
    this.cgroups = pidFile === '' ? new CgroupWatch(process.pid) : null;
  }

  /**
   * The lowest memory limit: of the game's cgroups, of the game itself, or of the machine. While no game runs, that of the last one;
   * before the first, that of one that would be started here.
   */
  memory(): MemoryLimit | null {
    return lowestMemoryLimit({
      cgroup: this.cgroups?.limitMb ?? null,
      game: this.configFile?.limits.memoryMb ?? null,
      machine: totalmem() / BYTES_PER_MB,
    });
  }

  /** `DieBelowDiskSpaceMb` of the game: with less room on its disk it ends itself; null: not known, or not checked. */
  dieBelowDiskSpaceMb(): number | null {
    return this.configFile?.limits.diskFreeMb ?? null;
  }

  /** For whoever runs or looks at the game: from now on this process is the game. Close what you get when it has ended. */
  watch(pid: number): CgroupWatch {
    this.cgroups?.close();
    return (this.cgroups = new CgroupWatch(pid));
  }

  onApplicationShutdown(): void {
    this.cgroups?.close();
  }
}
