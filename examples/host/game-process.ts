import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type ChildProcess, spawn } from 'node:child_process';

/** However this application runs its game: the metrics want to know its pid and nothing else. */
@Injectable()
export class GameProcess implements OnApplicationShutdown {
  private readonly child: ChildProcess = spawn('node', ['-e', 'for (;;);']);

  get gameServerPid(): number | null {
    return this.child.exitCode === null ? (this.child.pid ?? null) : null;
  }

  onApplicationShutdown(): void {
    this.child.kill();
  }
}
