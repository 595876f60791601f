// What the alert rules cost: 10,000 snapshots, with a beat after each, through all of them.
import { AlertEngine } from '../build/alerts/rules/alert-engine.js';
import { median, spread, table, threadCpuMs } from './lib.mjs';

const SNAPSHOTS = 10_000;
const ROUNDS = 15;
const thresholds = { memoryPercent: 90, tickMs: 100, cpuPercent: 150, diskFreeMb: 2048 };
const around = { intervalSeconds: 10, isHistoryDegraded: false };
const limits = { memoryLimit: { mb: 1000, what: 'of its cgroup' }, dieBelowDiskFreeMb: 400 };

/** Values that are now well, now beyond every threshold, now not known. */
function snapshots() {
  return Array.from({ length: SNAPSHOTS }, (_, i) => {
    const isBad = i % 200 > 100;
    return {
      timestamp: new Date(i * 10_000),
      gameMemoryMb: isBad ? 950 : 500,
      gameCpuPercent: isBad ? 190 : 90,
      tickMs: i % 7 === 0 ? null : isBad ? 250 : 33,
      diskFreeMb: isBad ? 100 : 50_000,
    };
  });
}

/** CPU time, in ms: of this thread, and of the whole process, with the threads in which V8 compiles. */
function cpuMs() {
  const { user, system } = process.cpuUsage();
  return [threadCpuMs(), (user + system) / 1000];
}

function measured(work) {
  const [thread, all] = cpuMs();
  const result = work();
  const [threadAfter, allAfter] = cpuMs();
  return { ms: threadAfter - thread, allMs: allAfter - all, result };
}

function throughAllRules(samples) {
  const moment = (i) => ({ atMs: i * 10_000, date: samples[i].timestamp });
  const engine = new AlertEngine(thresholds, 120_000, null, moment(0));
  let told = 0;
  for (let i = 0; i < SNAPSHOTS; i++) {
    const now = moment(i);
    told += engine.sample(samples[i], limits, around, now).length + engine.beat(around, now).length;
  }
  return told;
}

export function alerts() {
  const samples = snapshots();
  // Something to compare with, which each snapshot undergoes as well, and the first time as cold.
  const json = measured(() => samples.reduce((length, sample) => length + JSON.stringify(sample).length, 0));
  const [first, ...rounds] = Array.from({ length: ROUNDS }, () => measured(() => throughAllRules(samples)));
  table(`Alert rules: ${SNAPSHOTS} snapshots and beats, CPU ms`, [
    ['', 'ms', 'of writing them as JSON, the first time'],
    ['the first time', first.ms.toFixed(1), (first.ms / json.ms).toFixed(2)],
    ['with the threads in which V8 compiles', first.allMs.toFixed(1), (first.allMs / json.allMs).toFixed(2)],
    [
      'after that',
      spread(rounds.map(({ ms }) => ms)),
      (median(rounds.map(({ ms }) => ms)) / json.ms).toFixed(2),
    ],
  ]);
  console.log(`  (${first.result} messages)`);
}
