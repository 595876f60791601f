// A program that the test compiles and runs in a folder where the packed file is installed: several applications in one
// process, without ScheduleModule and ServerService. It writes what they measured, and what was left when they were closed.
import { Module, type ServiceUnavailableException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { MetricsModule, type MetricsModuleOptions, MetricsService } from 'nestjs-process-metrics';
import { MetricsHealthIndicator } from 'nestjs-process-metrics/health';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the kernel has counted of a process, and when; its ticks are 10 ms. */
function kernelMark(pid: number): { atMs: number; cpuMs: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { atMs: performance.now(), cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 };
}

function kernelMemoryMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

@Module({ imports: [MetricsModule], providers: [MetricsHealthIndicator] })
class HealthModule {}

async function start(options: MetricsModuleOptions) {
  const metricsModule = MetricsModule.forRootAsync({ isGlobal: true, inject: [], useFactory: () => options });
  @Module({ imports: [metricsModule, TerminusModule.forRoot({ logger: false }), HealthModule] })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
}

async function measure(reader: 'native' | 'pidusage', pid: number) {
  const app = await start({ intervalSeconds: 3600, capacity: 3, reader, pid: () => pid });
  const metrics = app.get(MetricsService);
  await sleep(300);
  await metrics.collect();
  const before = kernelMark(pid);
  await sleep(1000);
  const { gameCpuPercent, gameMemoryMb, apiMemoryMb } = await metrics.collect();
  const after = kernelMark(pid);
  const check = async (apiMemoryMb: number): Promise<string> => {
    const indicator = app.get(MetricsHealthIndicator, { strict: false });
    const check = app
      .get(HealthCheckService)
      .check([() => indicator.check('metrics', { gameMemoryMb: 8192, apiMemoryMb })]);
    return check.then(
      ({ status, info }) => `${status}: ${info?.['metrics']?.status ?? 'nothing'}`,
      (error: unknown) => JSON.stringify((error as ServiceUnavailableException).getResponse()),
    );
  };
  return {
    app,
    measured: {
      reader,
      count: metrics.buffer.length,
      cpuPercent: gameCpuPercent,
      kernelCpuPercent: (100 * (after.cpuMs - before.cpuMs)) / (after.atMs - before.atMs),
      memoryMb: gameMemoryMb,
      kernelMemoryMb: kernelMemoryMb(pid),
      apiMemoryMb,
      healthy: await check(4096),
      unhealthy: await check(1),
    },
  };
}

/** The files of /proc and /sys that this process has open. */
function openFiles(): string[] {
  const files = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one by which they were listed.
      return '';
    }
  });
  return files.filter((file) => /^\/(proc|sys)\//.test(file) && !file.endsWith('/fd'));
}

async function main(): Promise<void> {
  const busy = spawn(process.execPath, ['-e', 'const end = Date.now() + 60_000; while (Date.now() < end);'], {
    stdio: 'ignore',
  });
  if (busy.pid === undefined) throw new Error('no process');
  try {
    const pid = busy.pid;
    const instances = await Promise.all([measure('native', pid), measure('native', pid)]);
    for (const { app } of instances) await app.close();
    const filesLeft = openFiles();
    // The library lets go of its files by itself, within a minute and a half.
    const last = await measure('pidusage', pid);
    await last.app.close();
    const measured = [...instances, last].map((each) => each.measured);
    const refusal = await start({ intervalSeconds: NaN }).then(
      () => 'none',
      (error: Error) => error.message,
    );
    console.log(JSON.stringify({ measured, filesLeft, refusal }));
  } finally {
    busy.kill('SIGKILL');
  }
  // And ends by itself, unless something was left that keeps it alive.
}
void main();
