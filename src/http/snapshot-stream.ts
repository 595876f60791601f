import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { type ServerResponse } from 'node:http';
import { type MetricsSnapshot, MetricsService } from '../metrics/index.js';
import { snapshotJson } from './snapshot-json.js';

/** A comment this often keeps proxies from taking a quiet stream for a dead one. */
const KEEP_ALIVE_MS = 15_000;
/** A client that lets this much wait does not read: it is dropped, and may come back for what it missed. */
const MAX_PENDING_BYTES = 1024 * 1024;
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n');

/**
 * Sends each new snapshot to every open event stream. One subscription, one timer and one buffer for an event, however
 * many streams there are.
 */
@Injectable()
export class SnapshotStream implements OnModuleInit, BeforeApplicationShutdown {
  private readonly clients = new Set<ServerResponse>();
  private keepAlive: NodeJS.Timeout | null = null;

  constructor(private readonly metrics: MetricsService) {}

  onModuleInit(): void {
    this.metrics.snapshots$.subscribe((snapshot) => {
      if (this.clients.size > 0) this.broadcast(Buffer.from(eventText(snapshot)));
    });
  }

  beforeApplicationShutdown(): void {
    if (this.keepAlive !== null) clearInterval(this.keepAlive);
    for (const client of this.clients) client.end();
  }

  /** Takes over a response whose headers are sent; replays what came after `lastEventId` (null: nothing). */
  add(client: ServerResponse, lastEventId: number | null): void {
    client.write(this.missed(lastEventId).map(eventText).join('') || ':\n\n');
    this.clients.add(client);
    this.keepAlive ??= setInterval(() => {
      this.broadcast(KEEP_ALIVE);
    }, KEEP_ALIVE_MS);
    client.once('close', () => {
      this.clients.delete(client);
      if (this.clients.size > 0 || this.keepAlive === null) return;
      clearInterval(this.keepAlive);
      this.keepAlive = null;
    });
  }

  /** By its place in the buffer, since the wall clock may have jumped; an unknown id: everything that is later. */
  private missed(lastEventId: number | null): MetricsSnapshot[] {
    if (lastEventId === null) return [];
    const all = this.metrics.history();
    const place = all.findLastIndex((snapshot) => eventId(snapshot) === lastEventId);
    return place === -1 ? all.filter((snapshot) => eventId(snapshot) > lastEventId) : all.slice(place + 1);
  }

  private broadcast(event: Buffer): void {
    for (const client of this.clients) {
      if (client.writableLength > MAX_PENDING_BYTES) client.destroy();
      else client.write(event);
    }
  }
}

function eventId(snapshot: MetricsSnapshot): number {
  return snapshot.timestamp.getTime();
}

function eventText(snapshot: MetricsSnapshot): string {
  return `event: snapshot\nid: ${eventId(snapshot)}\ndata: ${snapshotJson(snapshot)}\n\n`;
}
