import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readStat } from '../build/process/linux/proc-stat.js';

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median with half of the range between the quartiles: `12.3 ±0.4`. */
export function spread(values, digits = 1) {
  const sorted = [...values].sort((a, b) => a - b);
  const quartile = (q) => sorted[Math.round(q * (sorted.length - 1))];
  return `${median(values).toFixed(digits)} ±${((quartile(0.75) - quartile(0.25)) / 2).toFixed(digits)}`;
}

export function table(title, rows) {
  console.log(`\n${title}`);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    console.log(
      `  ${row.map((cell, column) => String(cell)[column === 0 ? 'padEnd' : 'padStart'](widths[column])).join('  ')}`,
    );
  }
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A child process whose output is gathered; ended, by pid, with everything else when the bench ends. */
const children = new Set();
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.output = '';
  child.stdout.on('data', (chunk) => (child.output += chunk));
  return child;
}
export async function stop(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export async function printed(child, pattern) {
  for (;;) {
    const match = pattern.exec(child.output);
    if (match !== null) return match;
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`ended before it printed ${pattern}: ${child.output}`);
    await sleep(5);
  }
}

/** CPU time that a process has used, by the kernel's count. */
export function cpuSeconds(pid) {
  return readStat(pid).ownMs / 1000;
}

/** CPU time of the main thread of this process, in ms, to the nanosecond; elsewhere than on Linux that of all its threads. */
export function threadCpuMs() {
  if (process.platform === 'linux') {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  }
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Resident memory of a process, MiB. */
export function rssMb(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/** The target's own CPU time at a moment, between its two nearest notes. */
export function cpuAt(notes, atMs) {
  const after = notes.findIndex(([noteMs]) => noteMs >= atMs);
  const [[t0, c0], [t1, c1]] = [notes[after - 1], notes[after]];
  return c0 + ((c1 - c0) * (atMs - t0)) / (t1 - t0);
}

/** Asks a peer for samples: what one took. */
export async function peer(child, request) {
  child.output = '';
  child.stdin.write(`${request}\n`);
  const [, cpuUs, wallUs] = await printed(child, /([\d.]+) ([\d.]+)\n/);
  return { cpuUs: Number(cpuUs), wallUs: Number(wallUs) };
}

/** Null where it is not installed. */
export function startPsutil() {
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import psutil'], { stdio: 'ignore' });
    return start('/usr/bin/python3', ['bench/peers/psutil_sample.py']);
  } catch {
    return null;
  }
}
