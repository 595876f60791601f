// Does with each archive that it is given what the application does, and says when it has. An error is all right.
import { writeSync } from 'node:fs';
import { ArchiveReader } from '../../build/history/sqlite/archive-reader.js';
import { ArchiveMaintenance } from '../../build/history/sqlite/archive-maintenance.js';
import { ArchiveWriter } from '../../build/history/sqlite/archive-writer.js';
import { Retention } from '../../build/history/sqlite/retention.js';
import { openConnection } from '../../build/history/sqlite/sqlite.js';
import { SERIES_NAMES } from '../../build/metrics/series.js';

const everything = { fromMs: 0, toMs: Infinity };
const outcomes = {};

for (const file of process.argv.slice(2)) {
  let writer;
  const db = openConnection(file);
  const steps = {
    open: () => (writer = new ArchiveWriter(file)),
    newest: () => writer.newest(1000),
    latest: () => writer.latestTimeBefore(3),
    earliest: () => writer.earliestTime,
    samples: () => finish(new ArchiveReader(db).samples(everything, 100_000, () => undefined)),
    minutes: () => finish(new ArchiveReader(db).buckets(everything, 3_600_000)),
    fine: () => finish(new ArchiveReader(db).buckets(everything, 7000)),
    page: () => page(new ArchiveReader(db)),
    retention: () => new Retention(db, 1).due(Date.now()),
    events: () => new ArchiveReader(db).events(everything, 1000),
    eventPage: () => eventPage(new ArchiveReader(db)),
    previous: () => writer.previousRun,
    write: () => writer.write([sample(Date.now())], [event(Date.now())]),
    maintain: () => maintain(new ArchiveMaintenance(db)),
    finish: () => new ArchiveMaintenance(db).finish(),
  };
  for (const [name, step] of Object.entries(steps)) {
    try {
      step();
    } catch (error) {
      outcomes[`${name} ${error.code}`] = (outcomes[`${name} ${error.code}`] ?? 0) + 1;
    }
  }
  db.close();
  writer?.close();
  writeSync(1, 'done\n');
}
writeSync(2, JSON.stringify(outcomes));
process.exit(0);

function finish(pieces) {
  while (!pieces.next().done);
}

function page(reader) {
  let { next } = reader.page(everything, null, 500);
  for (let pages = 0; next !== null && pages < 100; pages++) ({ next } = reader.page(everything, next, 500));
}

function eventPage(reader) {
  let next = null;
  for (let pages = 0; pages === 0 || (next !== null && pages < 100); pages++)
    ({ next } = reader.eventsAfter(everything, next, 100));
}

function maintain(worker) {
  const beforeMs = Date.now() - 86_400_000;
  const order = {
    checkpoint: true,
    samplesBeforeMs: beforeMs,
    minutesBeforeMs: beforeMs,
    untilMs: Infinity,
  };
  for (let steps = 0; worker.step(order) && steps < 10; steps++);
}

function event(timeMs) {
  return {
    timestamp: new Date(timeMs),
    kind: 'game_starting',
    level: 'info',
    text: 'It starts.',
    numbers: {},
  };
}

function sample(timeMs) {
  return {
    timestamp: new Date(timeMs),
    ...Object.fromEntries(SERIES_NAMES.map((name) => [name, null])),
    apiMemoryMb: 1,
    apiCpuPercent: 1,
  };
}
