import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { type ServerResponse } from 'node:http';
import { type TimelineEvent } from '../../events/event.js';
import { EventLog } from '../../events/event-log.js';
import { type MetricsSnapshot, MetricsService } from '../../metrics/index.js';
import { snapshotJson } from '../../history/snapshot-json.js';
import { KEEP_ALIVE_MS, SNAPSHOT_EVENT, TIMELINE_EVENT } from '../contract.js';

/** A client that lets this much wait does not read: it is dropped, and may come back for what it missed. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** A comment that keeps proxies from taking a quiet stream for a dead one. */
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n');

/** A replay goes out in pieces of this many samples (45 KB): a few milliseconds of the event loop for each. */
const PIECE = 250;

/** An open stream; `next` is the number of the sample in the buffer that it gets next. */
interface Client {
  readonly response: ServerResponse;
  next: number;
}

/**
 * Sends each new snapshot, and each event of the timeline, to every open event stream. One subscription, one timer and one buffer for an event, however
 * many streams there are. A stream that missed some gets those first, no faster than it takes them.
 */
@Injectable()
export class SnapshotStream implements OnModuleInit, BeforeApplicationShutdown {
  private readonly clients = new Set<Client>();
  /** Those that can be sent a piece of what they missed; one gets a piece in each turn of the event loop. */
  private readonly behind: Client[] = [];
  private keepAlive: NodeJS.Timeout | null = null;

  constructor(
    private readonly metrics: MetricsService,
    private readonly log: EventLog,
  ) {}

  onModuleInit(): void {
    this.metrics.snapshots$.subscribe((snapshot) => {
      if (this.clients.size === 0) return;
      this.broadcast(Buffer.from(snapshotText(snapshot)), this.metrics.buffer.appended - 1);
    });
    this.log.events$.subscribe((event) => {
      if (this.clients.size === 0) return;
      const text = Buffer.from(timelineText(event));
      // Also to those that have not caught up with the samples.
      for (const { response } of this.clients) send(response, text);
    });
  }

  beforeApplicationShutdown(): void {
    if (this.keepAlive !== null) clearInterval(this.keepAlive);
    for (const { response } of this.clients) response.end();
    this.clients.clear();
  }

  /** Takes over a response whose headers are sent; replays what came after `lastEventId` (null: nothing). */
  add(response: ServerResponse, lastEventId: number | null): void {
    const { appended } = this.metrics.buffer;
    const client = { response, next: lastEventId === null ? appended + 1 : this.firstAfter(lastEventId) };
    this.clients.add(client);
    if (client.next > appended) response.write(':\n\n');
    else this.catchUp(client);
    this.keepAlive ??= setInterval(() => {
      this.broadcast(KEEP_ALIVE, this.metrics.buffer.appended);
    }, KEEP_ALIVE_MS);
    response.once('close', () => {
      this.clients.delete(client);
      if (this.clients.size > 0 || this.keepAlive === null) return;
      clearInterval(this.keepAlive);
      this.keepAlive = null;
    });
  }

  /** By its place in the buffer, since the wall clock may have jumped; for an unknown id: the first that is later. */
  private firstAfter(lastEventId: number): number {
    const { buffer } = this.metrics;
    const all = buffer.getAll();
    const place = all.findLastIndex((snapshot) => eventId(snapshot) === lastEventId);
    const first = place === -1 ? all.findIndex((snapshot) => eventId(snapshot) > lastEventId) : place + 1;
    return buffer.appended + 1 - (first === -1 ? 0 : all.length - first);
  }

  private catchUp(client: Client): void {
    this.behind.push(client);
    if (this.behind.length === 1) setImmediate(this.sendPiece);
  }

  private readonly sendPiece = (): void => {
    const client = this.behind.shift();
    if (this.behind.length > 0) setImmediate(this.sendPiece);
    if (client === undefined || !this.clients.has(client)) return;
    const { buffer } = this.metrics;
    const first = Math.max(client.next, buffer.oldestNumber);
    const piece = buffer.getFrom(first, PIECE);
    client.next = first + piece.length;
    const isTaken = client.response.write(piece.map(snapshotText).join(''));
    if (client.next > buffer.appended) return;
    if (isTaken) this.catchUp(client);
    else
      client.response.once('drain', () => {
        this.catchUp(client);
      });
  };

  /** To those that have had everything up to number `last`; the others have not caught up yet. */
  private broadcast(event: Buffer, last: number): void {
    for (const client of this.clients) {
      if (client.next <= last) continue;
      send(client.response, event);
      client.next = this.metrics.buffer.appended + 1;
    }
  }
}

function eventId(snapshot: MetricsSnapshot): number {
  return snapshot.timestamp.getTime();
}

function send(response: ServerResponse, event: Buffer): void {
  if (response.writableLength > MAX_PENDING_BYTES) response.destroy();
  else response.write(event);
}

/** Without an id: the last one goes on to be that of a sample. */
function timelineText(event: TimelineEvent): string {
  return `event: ${TIMELINE_EVENT}\ndata: ${JSON.stringify(event)}\n\n`;
}

function snapshotText(snapshot: MetricsSnapshot): string {
  return `event: ${SNAPSHOT_EVENT}\nid: ${eventId(snapshot)}\ndata: ${snapshotJson(snapshot)}\n\n`;
}
