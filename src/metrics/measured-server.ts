import { Logger } from '@nestjs/common';
import { inWords, isPid, type MetricsModuleOptions } from './metrics-options.js';
import { required } from './required.js';
import { ServerService } from './server.service.js';

/** Injection token of the `ServerService` that is measured: the host's own, or what the option `pid` says. */
export const MEASURED_SERVER = Symbol('MEASURED_SERVER');

/** Which game server is measured; `options` are undefined where `forRoot` was not called, and `host` is the host's own. */
export function measuredServer(
  options: MetricsModuleOptions | undefined,
  host: ServerService | undefined,
): ServerService {
  if (options?.pid !== undefined) return new ServerByPid(options.pid);
  if (host === undefined && options !== undefined) {
    new Logger('MetricsModule').log('There is no pid and no ServerService: this process alone is measured');
    return new ServerByPid(null);
  }
  return required(
    host,
    'MetricsModule found no ServerService to measure: provide one in a @Global() module that exports it, or give MetricsModule.forRoot() a pid.',
  );
}

/** The process that the option `pid` names. */
class ServerByPid extends ServerService {
  private readonly logger = new Logger('MetricsModule');
  private problem: string | null = null;

  constructor(private readonly pid: Exclude<MetricsModuleOptions['pid'], undefined>) {
    super();
  }

  /** Null as well when the function throws, or gives what is no process id: that is logged once, and sampling goes on. */
  override get gameServerPid(): number | null {
    if (typeof this.pid !== 'function') return this.pid;
    try {
      const pid: unknown = this.pid() ?? null;
      if (pid !== null && !isPid(pid)) throw new Error(`${inWords(pid)} is no process id`);
      this.problem = null;
      return pid;
    } catch (error) {
      this.warn(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  private warn(problem: string): void {
    if (this.problem !== problem) this.logger.warn(`The option pid names no process: ${problem}`);
    this.problem = problem;
  }
}
