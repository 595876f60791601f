// What one sample (own process and game) costs: both readers, psutil kept and as the original system did it, C floor.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskRoom } from '../build/process/disk-room.js';
import { LinuxMachine } from '../build/process/linux/linux-machine.js';
import { LinuxReader } from '../build/process/linux/linux-reader.js';
import { NodeMachine } from '../build/process/node-machine.js';
import { PidusageReader } from '../build/process/pidusage-reader.js';
import { MachineSampler } from '../build/metrics/machine-sampler.js';
import { ProcessSampler } from '../build/metrics/process-sampler.js';
import { peer, sleep, spread, start, startPsutil, stop, table } from './lib.mjs';

const ROUNDS = 15;
const SAMPLES = 400;

/** Takes samples with one of our readers; also for how long each held the event loop. */
async function sampleCostOf(reader, pid, before = () => undefined) {
  const sampler = new ProcessSampler(reader);
  const heldMs = [];
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  for (let i = 0; i < SAMPLES; i++) {
    before();
    const began = performance.now();
    const pending = sampler.sampleGame(pid);
    sampler.sampleOwn();
    heldMs.push(performance.now() - began);
    await pending;
  }
  const wallUs = (performance.now() - wall) * 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / SAMPLES, wallUs: wallUs / SAMPLES, heldMs };
}

function startFloor(folder) {
  try {
    const program = join(folder, 'floor');
    execFileSync('cc', ['-O2', '-o', program, 'bench/peers/floor.c'], { stdio: 'ignore' });
    return start(program, []);
  } catch {
    return null;
  }
}

/** The worst has in it what came in between: a garbage collection, another program on this core. */
function held(results) {
  if (results[0].heldMs === undefined) return ['-', '-'];
  const sorted = results.flatMap(({ heldMs }) => heldMs).sort((a, b) => a - b);
  return [sorted[Math.floor(0.999 * sorted.length)].toFixed(2), sorted.at(-1).toFixed(2)];
}

/** What the machine adds to a sample: its CPUs, memory and the room on its disk. */
async function machineCost() {
  const runs = new Map();
  const kinds = [
    ['by /proc', new LinuxMachine()],
    ['by Node', new NodeMachine()],
  ];
  const disk = new DiskRoom(tmpdir());
  for (let round = -2; round < ROUNDS; round++) {
    if (round === 0) runs.clear();
    for (const [name, machine] of kinds) {
      const sampler = new MachineSampler(machine, disk);
      const cpu = process.cpuUsage();
      for (let i = 0; i < SAMPLES; i++) sampler.sample();
      const { user, system } = process.cpuUsage(cpu);
      runs.set(name, [...(runs.get(name) ?? []), (user + system) / SAMPLES]);
      await sleep(0);
    }
  }
  for (const [, machine] of kinds) machine.close();
  table('What the machine adds to a sample', [
    ['', 'CPU us'],
    ...[...runs].map(([name, results]) => [name, spread(results)]),
  ]);
}

export async function sampleCost() {
  await machineCost();
  const folder = mkdtempSync(join(tmpdir(), 'vsm-bench-'));
  // One thread, as in a small game; and a Node process of a dozen threads, each of which is asked for children.
  const targets = [
    ['a process of 1 thread', start('sleep', ['3600'])],
    ['a process of 11 threads', start(process.execPath, ['-e', 'setInterval(() => 0, 1e6)'])],
  ];
  const [psutil, floor] = [startPsutil(), startFloor(folder)];
  const [native, pidusage] = [new LinuxReader(), new PidusageReader()];
  await pidusage.onModuleInit();
  await sleep(300);

  for (const [name, { pid }] of targets) {
    const runs = new Map();
    const add = (label, result) => runs.set(label, [...(runs.get(label) ?? []), result]);
    for (let round = -2; round < ROUNDS; round++) {
      if (round === 0) runs.clear();
      if (floor) add('C floor (stat and statm of both)', await peer(floor, `floor ${SAMPLES} ${pid}`));
      add('native reader', await sampleCostOf(native, pid));
      // As if something had been forked before each sample: the tree is looked for anew.
      add(
        'native reader, tree walked',
        await sampleCostOf(native, pid, () => (native.tree.started.isSettled = false)),
      );
      add('pidusage reader', await sampleCostOf(pidusage, pid));
      if (psutil) {
        add('psutil, handles kept', await peer(psutil, `kept ${SAMPLES} ${pid}`));
        add('psutil, new handles (as the original)', await peer(psutil, `fresh ${SAMPLES} ${pid}`));
      }
    }
    const floors = runs.get('C floor (stat and statm of both)');
    table(`One sample of this process and ${name}`, [
      ['', 'CPU us', 'wall us', 'CPU : C floor', 'loop held, ms: 99.9 %', 'worst'],
      ...[...runs].map(([label, results]) => [
        label,
        spread(results.map(({ cpuUs }) => cpuUs)),
        spread(results.map(({ wallUs }) => wallUs)),
        floors
          ? spread(
              results.map(({ cpuUs }, i) => cpuUs / floors[i].cpuUs),
              2,
            )
          : '-',
        ...held(results),
      ]),
    ]);
  }
  for (const child of [...targets.map(([, target]) => target), psutil, floor])
    if (child) await stop(child, 'SIGKILL');
  rmSync(folder, { recursive: true });
}
