import { Logger } from '@nestjs/common';
import { type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  askVersion,
  collectGcEvents,
  DiagnosticsError,
  RUNTIME_PROVIDER,
  stopCollecting,
} from './diagnostics-client.js';
import {
  dotnetProcess,
  type DotnetProcess,
  findRuntime,
  NoSocketError,
  NotDotnetError,
} from './find-runtime.js';
import { type GcCounters, GcMeter, type GcSample } from './gc-meter.js';
import { NettraceError, NettraceReader } from './nettrace-reader.js';

/** From one try to the next: doubled from the first to the last. */
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 60_000;
/** A stream that held for so long was well: the next try comes soon again. */
const GOOD_STREAM_MS = 60_000;
/** A runtime makes its socket some 100 ms after the start, on a busy machine some seconds. */
const SOCKET_COMES_MS = 10_000;

/**
 * Listens to the garbage collector of one process, or of the .NET program that it has started, from `open` to `close`, and
 * looks for it again when it is lost, for as long as the process lives. Nothing here throws: what cannot be had is null, with
 * one line in the log; none where nothing is a .NET program.
 */
export class DotnetSession {
  private readonly logger = new Logger(DotnetSession.name);
  private readonly meter: GcMeter;
  private readonly closing = new AbortController();
  private running: Promise<void> | null = null;
  private isListening = false;
  private wasHeard = false;
  private hasGone = false;
  /** Since when there has been no stream. */
  private lookingSinceMs = 0;
  private told = '';

  /** `onPause` hears of each pause once it has ended, with its length in ms. */
  constructor(
    private readonly target: DotnetProcess,
    onPause?: (ms: number) => void,
  ) {
    this.meter = new GcMeter(() => performance.now(), onPause);
  }

  /** What has been counted since the runtime was first heard; null before. */
  get counters(): GcCounters | null {
    return this.wasHeard ? this.meter.counters : null;
  }

  /** Managed heap after the last collection, in bytes; null while nothing is heard, or there was none. */
  get heapBytes(): number | null {
    return this.isListening ? this.meter.heapBytes : null;
  }

  /** Whether the process has been found to have ended. */
  get isOver(): boolean {
    return this.hasGone;
  }

  /** Begins to look for the runtime; returns at once. */
  open(): void {
    this.running ??= this.run();
  }

  /** Ends the stream in the runtime as well; resolves when that is done, at once if it answers. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  /** The sample since the last reading, as of a time of `performance.now()`; null while nothing is heard. */
  read(nowMs: number): GcSample | null {
    return this.isListening ? this.meter.read(nowMs) : null;
  }

  private async run(): Promise<void> {
    const { signal } = this.closing;
    this.lookingSinceMs = performance.now();
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      this.hasGone = dotnetProcess(this.target.pid)?.startTick !== this.target.startTick;
      if (this.hasGone) return;
      const beganMs = performance.now();
      try {
        await this.listen();
      } catch (error) {
        this.tellProblem(error);
        if (error instanceof NettraceError) return;
      }
      if (performance.now() - beganMs >= GOOD_STREAM_MS) waitMs = FIRST_WAIT_MS;
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
    }
  }

  /** Resolves when the stream has ended, or is to end. */
  private async listen(): Promise<void> {
    const { process, path } = await findRuntime(this.target);
    // Asked first: a runtime that comes to read this late, when nobody waits any more, has nothing to send on.
    const version = await askVersion(path);
    if (this.closing.signal.aborted) return;
    const { socket, sessionId } = await collectGcEvents(path);
    this.tell(`Reading the garbage collections of process ${process.pid} (.NET ${version ?? '5 or older'})`);
    try {
      await this.readStream(socket);
    } finally {
      this.lookingSinceMs = performance.now();
      await stopCollecting(path, sessionId).catch(() => undefined);
      socket.destroy();
    }
  }

  private async readStream(socket: Socket): Promise<void> {
    const { signal } = this.closing;
    const reader = new NettraceReader(RUNTIME_PROVIDER, this.meter);
    let isOver = false;
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        resolve();
      };
      signal.addEventListener('abort', end);
      socket.once('close', () => {
        signal.removeEventListener('abort', end);
        resolve();
      });
      // What still comes at the end is taken, or the runtime would wait, but no longer looked at.
      socket.on('data', (chunk: Buffer) => {
        if (isOver) return;
        try {
          reader.push(chunk);
          this.isListening = this.wasHeard = true;
        } catch (error) {
          isOver = true;
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      socket.resume();
      if (socket.destroyed || signal.aborted) resolve();
    }).finally(() => {
      isOver = true;
      this.isListening = false;
    });
  }

  private tellProblem(error: unknown): void {
    if (error instanceof NotDotnetError) return;
    const isEarly = performance.now() - this.lookingSinceMs < SOCKET_COMES_MS;
    if (error instanceof NoSocketError && isEarly) return;
    const isKnown = error instanceof DiagnosticsError || error instanceof NettraceError;
    const reason = isKnown ? error.message : String(error);
    this.tell(`The garbage collections of process ${this.target.pid} cannot be read: ${reason}`, 'warn');
  }

  /** Once, until there is something else to tell. */
  private tell(text: string, level: 'log' | 'warn' = 'log'): void {
    if (text === this.told) return;
    this.told = text;
    this.logger[level](text);
  }
}
