// How far a CPU percentage is from what the target itself counted over the same time, and memory from VmRSS.
import { LinuxReader } from '../build/process/linux/linux-reader.js';
import { PidusageReader } from '../build/process/pidusage-reader.js';
import { ProcessSampler } from '../build/metrics/process-sampler.js';
import { cpuAt, printed, rssMb, sleep, spread, start, table } from './lib.mjs';

const clockMs = () => Number(process.hrtime.bigint()) / 1e6;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export async function accuracy() {
  const rows = [['', 'window', 'mean error, points', 'worst', 'memory : VmRSS']];
  const pidusage = new PidusageReader();
  await pidusage.onModuleInit();
  for (const [percent, threads] of [
    [25, 1],
    [100, 1],
    [100, 2],
  ]) {
    for (const [windowMs, count] of [
      [1000, 20],
      [5000, 5],
    ]) {
      const target = start(process.execPath, ['bench/burner.mjs', String(percent), String(threads)]);
      await sleep(600);
      const readers = [
        ['native', new ProcessSampler(new LinuxReader())],
        ['pidusage', new ProcessSampler(pidusage)],
      ].map(([name, sampler]) => ({ name, sampler, windows: [], memory: [], lastMs: 0 }));
      for (let i = 0; i <= count; i++) {
        for (const reader of readers) {
          const beganMs = clockMs();
          const usage = await reader.sampler.sampleGame(target.pid);
          reader.memory.push(usage.memoryMb / rssMb(target.pid));
          const atMs = (beganMs + clockMs()) / 2;
          if (i > 0) reader.windows.push([reader.lastMs, atMs, usage.cpuPercent]);
          reader.lastMs = atMs;
        }
        await sleep(windowMs);
      }
      target.stdin.write('end\n');
      const notes = JSON.parse((await printed(target, /(\[.*\])\n/))[1]);
      for (const { name, windows, memory } of readers) {
        const errors = windows.map(([fromMs, toMs, cpuPercent]) =>
          Math.abs(cpuPercent - (100 * (cpuAt(notes, toMs) - cpuAt(notes, fromMs))) / (toMs - fromMs)),
        );
        rows.push([
          `${name}: ${percent} % × ${threads} thread${threads > 1 ? 's' : ''}`,
          `${windowMs / 1000} s`,
          mean(errors).toFixed(2),
          Math.max(...errors).toFixed(2),
          spread(memory, 4),
        ]);
      }
    }
  }
  table('Accuracy against the target’s own clock', rows);
}
