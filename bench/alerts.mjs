// What the alert rules cost: 10,000 snapshots, with a beat after each, through all of them.
import { AlertEngine } from '../build/alerts/rules/alert-engine.js';
import { spread, table } from './lib.mjs';

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

function round(samples) {
  const moment = (i) => ({ atMs: i * 10_000, date: samples[i].timestamp });
  const engine = new AlertEngine(thresholds, 120_000, null, moment(0));
  const began = process.cpuUsage();
  let told = 0;
  for (let i = 0; i < SNAPSHOTS; i++) {
    const now = moment(i);
    told += engine.sample(samples[i], limits, around, now).length + engine.beat(around, now).length;
  }
  const { user, system } = process.cpuUsage(began);
  return { ms: (user + system) / 1000, told };
}

export function alerts() {
  const samples = snapshots();
  const rounds = Array.from({ length: ROUNDS }, () => round(samples));
  table(`Alert rules: ${SNAPSHOTS} snapshots and beats`, [
    ['CPU ms', 'the first time, ms', 'messages'],
    [spread(rounds.map(({ ms }) => ms)), rounds[0].ms.toFixed(1), rounds[0].told],
  ]);
}
