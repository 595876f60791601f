import { Injectable, type OnModuleInit } from '@nestjs/common';
import pidusage from 'pidusage';
import { steadyNowMs } from './clock.js';
import { virtualUptimeLagMs } from './linux/proc-stat.js';
import { type ProcessCounters, ProcessReader } from './process-reader.js';

/**
 * How long pidusage keeps a process's stat file open between two calls. Only its own CPU figure, which we do
 * not use, needs this to exceed the interval; finite and short, it closes the files of processes that ended.
 */
const MAX_AGE_MS = 60_000;

/** Until this age a process may read no memory although it lives. */
const NEWBORN_MS = 200;

/** Reads processes with the pidusage library: on every platform, through Node's thread pool. */
@Injectable()
export class PidusageReader extends ProcessReader implements OnModuleInit {
  /** The library's first call starts a program (`getconf`): done here, it delays no sample. */
  async onModuleInit(): Promise<void> {
    await this.read(process.pid);
  }

  override async read(pid: number): Promise<ProcessCounters | null> {
    try {
      return await readOnce(pid);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ESRCH') {
        if (code === 'ENOENT') return null;
        throw error;
      }
      if (!exists(pid)) return null;
      // The library holds the file of an earlier process with this pid. Only clear() makes it let go, at the
      // price of one descriptor.
      pidusage.clear();
      return await readOnce(pid);
    }
  }
}

async function readOnce(pid: number): Promise<ProcessCounters | null> {
  const calledAtMs = steadyNowMs();
  const usage = await pidusage(pid, { maxage: MAX_AGE_MS });
  // A zombie has no memory left; a process that has only just begun may not have been charged with any yet.
  const ageMs = usage.elapsed + virtualUptimeLagMs();
  if (usage.memory === 0 && ageMs >= NEWBORN_MS) return null;
  // The library reads the uptime first and the counters last: behind a busy thread pool, the time of the call is
  // the nearest to `elapsed`, and what remains of the delay makes a process look older, never newer.
  return {
    cpuMs: usage.ctime,
    rssBytes: usage.memory,
    threadCount: null,
    startedAtMs: calledAtMs - ageMs,
    readAtMs: steadyNowMs(),
  };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
