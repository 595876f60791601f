import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TimelineEvent } from '../../events/event.js';
import { EventLog } from '../../events/event-log.js';
import { MetricsBuffer, MetricsService, ServerService } from '../../metrics/index.js';
import { MachineSampler } from '../../metrics/machine-sampler.js';
import { NodeMachine } from '../../process/node-machine.js';
import { ProcessSampler } from '../../metrics/process-sampler.js';
import { PidusageReader } from '../../process/pidusage-reader.js';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { waitFor } from '../../testing/wait-for.js';
import { EVENT_FIELDS } from '../event-fields.js';
import { exportHead, exportRows } from '../export-format.js';
import { Archive } from './archive.js';
import { ArchiveMaintenance } from './archive-maintenance.js';
import { ArchiveReader } from './archive-reader.js';
import { ArchiveWriter } from './archive-writer.js';
import { type Connection, openConnection } from './sqlite.js';

const T0 = Date.parse('2026-11-24T00:00:00Z');
const FOREVER = { fromMs: 0, toMs: Infinity };

function crash(timeMs: number, exitCode = 134): TimelineEvent {
  return {
    timestamp: new Date(timeMs),
    kind: 'game_crashed',
    level: 'error',
    text: `The game server ended unasked, with code ${exitCode}.`,
    numbers: { exitCode },
  };
}

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'metrics.db');
});
afterEach(() => {
  folder.remove();
});

describe('the table of events', () => {
  let writer: ArchiveWriter;
  let db: Connection;
  beforeEach(() => {
    writer = new ArchiveWriter(file);
    db = openConnection(file);
  });
  afterEach(() => {
    db.close();
    writer.close();
  });

  it('gives them as they were, the newest first', () => {
    const events = [1, 2, 3].map((code) => crash(T0 + code, code));
    writer.write([], events);
    const reader = new ArchiveReader(db);
    expect(reader.events(FOREVER, 100)).toEqual([...events].reverse());
    expect(reader.events(FOREVER, 2)).toEqual([events[2], events[1]]);
    expect(reader.events({ fromMs: T0 + 1, toMs: T0 + 3 }, 100)).toEqual([events[1], events[0]]);
  });

  it('gives all of them to an export in pages, each once, also several of one time', () => {
    const events = Array.from({ length: 25 }, (_, i) => crash(T0 + Math.floor(i / 5), i));
    writer.write([], events);
    const reader = new ArchiveReader(db);
    const seen: TimelineEvent[] = [];
    let at: ReturnType<typeof reader.eventsAfter> | null = null;
    do {
      at = reader.eventsAfter(FOREVER, at?.next ?? null, 4);
      seen.push(...at.events);
    } while (at.next !== null);
    expect(seen).toEqual(events);
  });

  it('leaves out what damage made unreadable, and survives text that is not UTF-8', () => {
    writer.write([], [crash(T0, 1), crash(T0 + 1, 2), crash(T0 + 2, 3), crash(T0 + 3, 4)]);
    db.exec(`UPDATE event SET kind = CAST(x'ff' AS TEXT) WHERE id = 1;
      UPDATE event SET numbers = '{"exitCode":' WHERE id = 2;
      UPDATE event SET text = CAST(x'41ff' AS TEXT) WHERE id = 3`);
    const seen = new ArchiveReader(db).events(FOREVER, 100);
    expect(seen.map(({ text }) => text)).toEqual(['The game server ended unasked, with code 4.', 'A\ufffd']);
  });

  it('loses what is older than minute rows may be, some at a time', () => {
    writer.write(
      [],
      Array.from({ length: 2500 }, (_, i) => crash(T0 + i)),
    );
    const maintenance = new ArchiveMaintenance(db);
    const order = {
      checkpoint: false,
      samplesBeforeMs: null,
      minutesBeforeMs: T0 + 2400,
      untilMs: Infinity,
    };
    let steps = 1;
    while (maintenance.step(order)) steps++;
    expect(steps).toBe(3);
    expect(new ArchiveReader(db).events(FOREVER, 1000)).toHaveLength(100);
  });

  it('is added to a file that lacks it', () => {
    db.exec('DROP TABLE event');
    new ArchiveWriter(file).close();
    expect(new ArchiveReader(db).events(FOREVER, 100)).toEqual([]);
  });

  it.each([
    [[], null],
    [['game_crashed'], null],
    [['api_started', 'game_crashed'], { isDone: false, aliveAtMs: T0 + 1 }],
    [['api_started', 'api_stopped'], { isDone: true, aliveAtMs: T0 + 1 }],
    [['api_started', 'api_killed'], { isDone: true, aliveAtMs: T0 + 1 }],
    [['api_started', 'api_stopped', 'api_started'], { isDone: false, aliveAtMs: T0 + 2 }],
  ] as const)('tells how the last run ended: %j', (kinds, end) => {
    writer.write(
      [],
      kinds.map((kind, i) => ({ ...crash(T0 + i), kind })),
    );
    expect(writer.previousRun).toEqual(end);
  });
});

describe('an export of events as CSV', () => {
  it('quotes what has commas and quotation marks', () => {
    expect(
      exportHead(EVENT_FIELDS, 'csv') +
        exportRows(EVENT_FIELDS, [crash(T0), { ...crash(T0), text: 'a "b"', numbers: {} }], 'csv', true),
    ).toBe(
      'timestamp,kind,level,text,numbers\r\n' +
        '2026-11-24T00:00:00.000Z,game_crashed,error,"The game server ended unasked, with code 134.","{""exitCode"":134}"\r\n' +
        '2026-11-24T00:00:00.000Z,game_crashed,error,"a ""b""",{}\r\n',
    );
  });
});

describe('the archive', () => {
  class NoServer extends ServerService {
    readonly gameServerPid = null;
  }
  const archives: Archive[] = [];

  function build(): { log: EventLog; archive: Archive } {
    const sampler = new ProcessSampler(new PidusageReader());
    const metrics = new MetricsService(
      new MetricsBuffer(100),
      sampler,
      new MachineSampler(new NodeMachine(), null),
      new NoServer(),
    );
    const log = new EventLog();
    const archive = new Archive(folder.path, 30, metrics, log, () => 1);
    archives.push(archive);
    log.recordWith((event) => archive.recordEvent(event));
    return { log, archive };
  }

  const stored = () => {
    const db = openConnection(file);
    const kinds = db.prepare('SELECT kind FROM event ORDER BY id').raw().all().flat();
    db.close();
    return kinds;
  };

  afterEach(async () => {
    for (const archive of archives.splice(0)) await archive.close();
  });

  it('writes what was told before it was open, and then each event in the turn in which it is told', async () => {
    const { log, archive } = build();
    log.tell('game_taken_over', { pid: 4711 });
    await archive.start();
    const inFile: unknown[] = [];
    log.events$.subscribe(() => inFile.push(stored().length));
    log.tell('api_started');
    log.tell('game_starting');
    expect(stored()).toEqual(['game_taken_over', 'api_started', 'game_starting']);
    expect(inFile).toEqual([2, 3]);
  });

  it('lets listeners hear of an event once it is written, when another holds the lock for a moment', async () => {
    const { log, archive } = build();
    await archive.start();
    const heard: string[] = [];
    log.events$.subscribe(({ kind }) => heard.push(kind));
    const other = openConnection(file);
    other.exec('BEGIN IMMEDIATE');
    log.tell('api_started');
    log.tell('game_starting');
    await new Promise((done) => setTimeout(done, 50));
    expect(heard).toEqual([]);
    other.exec('ROLLBACK');
    other.close();
    await waitFor(() => heard.length === 2);
    expect(stored()).toEqual(['api_started', 'game_starting']);
  });

  it('takes a flood: each event is in the file before a listener hears of it, and all are in order', async () => {
    const { log, archive } = build();
    await archive.start();
    const other = new ArchiveReader(openConnection(file));
    let early = 0;
    const heard: (number | undefined)[] = [];
    log.events$.subscribe(({ numbers }) => {
      const [newest] = other.events(FOREVER, 1);
      if (!(Number(newest?.numbers.count) >= Number(numbers.count))) early++;
      heard.push(numbers.count);
    });
    for (let count = 1; count <= 10_000; count++) log.tell('players_joined', { count });
    // While the worker has the lock for a moment, they wait.
    await waitFor(() => heard.length === 10_000);
    expect(early).toBe(0);
    expect(heard).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
    expect(archive.degraded).toBeNull();
    const signal = new AbortController().signal;
    const { json, count } = (await archive.store?.events(FOREVER, 1000, signal)) ?? { json: null, count: 0 };
    expect(count).toBe(1000);
    const newest = JSON.parse(new TextDecoder().decode(json ?? new Uint8Array())) as TimelineEvent[];
    expect(newest.map(({ numbers }) => numbers.count)).toEqual(
      Array.from({ length: 1000 }, (_, i) => 10_000 - i),
    );
  });

  it('says when it is degraded and has recovered; what was told meanwhile is written then, each event once', async () => {
    const { log, archive } = build();
    await archive.start();
    log.tell('api_started');
    const heard: string[] = [];
    log.events$.subscribe(({ kind }) => heard.push(kind));
    const other = openConnection(file);
    other.exec('BEGIN IMMEDIATE');
    log.tell('game_starting');
    await waitFor(() => archive.degraded !== null);
    await waitFor(() => heard.length === 2);
    log.tell('game_stopping');
    expect(heard).toEqual(['game_starting', 'history_degraded', 'game_stopping']);
    expect(log.newest.at(-2)?.text).toBe(
      'The history is not written to its file: another program keeps it locked.',
    );
    for (let count = 1; count <= 5000; count++) log.tell('players_joined', { count });
    other.exec('ROLLBACK');
    other.close();
    await waitFor(() => archive.degraded === null);
    const kinds = stored();
    expect(kinds[0]).toBe('api_started');
    expect(kinds.at(-1)).toBe('history_recovered');
    // As many as are kept, the newest.
    expect(kinds).toHaveLength(1002);
    expect(readdirSync(folder.path).filter((name) => name.includes('corrupt'))).toEqual([]);
  });

  it('tells at the next start that it was killed, once', async () => {
    const { log, archive } = build();
    await archive.start();
    log.tell('api_started');
    const [{ timestamp } = { timestamp: new Date() }] = log.newest;
    // As SIGKILL would leave it.
    await archive.close();
    const next = build();
    await next.archive.start();
    expect(next.log.newest).toMatchObject([
      { kind: 'api_killed', numbers: { aliveAtMs: timestamp.getTime() } },
    ]);
    await next.archive.close();
    const last = build();
    await last.archive.start();
    expect(last.log.newest).toEqual([]);
  });
});
