// What a sample of a process of many threads costs, which come and go or do not, beside psutil, and how true it is. Also
// once a second, as in real life: then neither finds its code and the kernel's in the processor's caches.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinuxReader } from '../build/process/linux/linux-reader.js';
import { ProcessSampler } from '../build/metrics/process-sampler.js';
import { cpuAt, median, peer, printed, sleep, spread, start, startPsutil, stop, table } from './lib.mjs';

const ROUNDS = 10;
const SAMPLES = 200;
const BEATS = 12;
const CHURN = 20;
const clockMs = () => Number(process.hrtime.bigint()) / 1e6;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function startTarget(program, threads, churn, percent) {
  const target = start(program, [threads, churn, percent].map(String));
  await printed(target, /up/);
  return {
    target,
    threads,
    churn,
    percent,
    sampler: new ProcessSampler(new LinuxReader()),
    runs: [],
    peers: [],
  };
}

/** Takes samples, one after the other at once. */
async function samples({ sampler, target }, count) {
  const heldMs = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    const pending = sampler.sampleGame(target.pid);
    sampler.sampleOwn();
    heldMs.push(performance.now() - began);
    await pending;
  }
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / count, heldMs };
}

/** Both in turn, each first half of the time. */
async function compare(each, psutil, rounds, count, pauseMs) {
  const [own, others] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const takes = [
      async () => own.push(await samples(each, count)),
      async () => psutil && others.push(await peer(psutil, `kept ${count} ${each.target.pid}`)),
    ];
    for (const take of round % 2 === 0 ? takes : takes.reverse()) await take();
    await sleep(pauseMs);
  }
  return {
    own: own.map(({ cpuUs }) => cpuUs),
    others: others.map(({ cpuUs }) => cpuUs),
    heldMs: own.flatMap((one) => one.heldMs),
  };
}

function ratio({ own, others }) {
  return others.length > 0 ? (median(own) / median(others)).toFixed(2) : '-';
}

async function cost(program, psutil) {
  const rows = [
    ['CPU of a sample, us', 'native', ': psutil', 'loop held, ms', 'once a second: native', ': psutil'],
  ];
  let descriptors = 0;
  for (const churn of [0, CHURN]) {
    for (const threads of [1, 11, 60, 250, 1000, 3000]) {
      const each = await startTarget(program, threads, churn, 0);
      await compare(each, psutil, ROUNDS, SAMPLES, 0);
      const busy = await compare(each, psutil, ROUNDS, SAMPLES, 100);
      const calm = await compare(each, psutil, BEATS, 1, 1000);
      descriptors = Math.max(descriptors, readdirSync('/proc/self/fd').length);
      rows.push([
        `${threads} threads${churn > 0 ? `, ${churn} a second come and go` : ''}`,
        spread(busy.own, 0),
        ratio(busy),
        median(busy.heldMs).toFixed(2),
        spread(calm.own, 0),
        ratio(calm),
      ]);
      await stop(each.target, 'SIGKILL');
    }
  }
  table(`One sample of this process and one of many threads (${descriptors} descriptors at most)`, rows);
}

async function truth(program) {
  const rows = [['', 'mean error over 1 s, points', 'over 10 s']];
  for (const [threads, churn] of [1, 11, 32, 60, 250].flatMap((count) => [
    [count, 0],
    [count, CHURN],
  ])) {
    // A window is from one sample of a sampler to its next: one sampler for the short ones, ten for the long.
    const each = await startTarget(program, Math.max(threads, 3), churn, 30);
    const tens = Array.from({ length: 10 }, () => ({ sampler: new ProcessSampler(new LinuxReader()) }));
    const ones = [{ sampler: each.sampler }];
    const windows = { 1: [], 10: [] };
    await sleep(600);
    for (let second = 0; second <= 40; second++) {
      for (const [seconds, one] of [
        [1, ones[0]],
        [10, tens[second % 10]],
      ]) {
        const beganMs = clockMs();
        const { cpuPercent } = await one.sampler.sampleGame(each.target.pid);
        const atMs = (beganMs + clockMs()) / 2;
        if (one.lastMs !== undefined) windows[seconds].push([one.lastMs, atMs, cpuPercent]);
        one.lastMs = atMs;
      }
      await sleep(1000);
    }
    each.target.stdin.write('end\n');
    const notes = JSON.parse((await printed(each.target, /(\[\[.*\]\])\n/))[1]);
    const error = (seconds) =>
      mean(
        windows[seconds].map(([fromMs, toMs, percent]) =>
          Math.abs(percent - (100 * (cpuAt(notes, toMs) - cpuAt(notes, fromMs))) / (toMs - fromMs)),
        ),
      ).toFixed(3);
    rows.push([
      `${each.threads}${each.threads === 1 ? ' thread' : ' threads'}${churn > 0 ? `, ${churn} a second come and go` : ''}`,
      error(1),
      error(10),
    ]);
  }
  table('CPU of a process that uses 30 % of a core, against its own clock', rows);
}

export async function manyThreads() {
  const folder = mkdtempSync(join(tmpdir(), 'vsm-bench-'));
  const program = join(folder, 'threads');
  try {
    execFileSync('cc', ['-O2', '-pthread', '-o', program, 'bench/peers/threads.c'], { stdio: 'ignore' });
    const psutil = startPsutil();
    await cost(program, psutil);
    if (psutil) await stop(psutil, 'SIGKILL');
    await truth(program);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    console.log('\nMany threads: left out, they need cc');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
