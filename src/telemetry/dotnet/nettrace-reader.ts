/** One event of the runtime. */
export interface RuntimeEvent {
  /** What kind of event it is: the number that the .NET documentation gives it. */
  readonly id: number;
  /** When it happened, on the runtime's own monotonic clock. */
  readonly timeMs: number;
  /** The thread that told it. */
  readonly thread: number;
  /** Its fields, little-endian; valid during the call only. */
  readonly payload: Buffer;
}

/** Who is told what a stream says. */
export interface NettraceListener {
  /** The stream has begun: the runtime's own clock as it was then. */
  began(timeMs: number): void;
  event(event: RuntimeEvent): void;
}

/** The bytes are not a NetTrace stream of version 4, or of no size that a runtime would send. */
export class NettraceError extends Error {}

/** The runtime cuts its blocks at 100 KB. */
const MAX_BLOCK_BYTES = 1 << 20;
/** A runtime of today has some 300 kinds of events, of which a session names those that it sends. */
const MAX_KINDS = 4096;
const MAX_NAME_BYTES = 1024;
const BEYOND = 'an event reaches beyond its block';
const BEGIN_OBJECT = 5;
const END_OBJECT = 6;
const NULL_REFERENCE = 1;
const TRACE_BYTES = 48;
const VERSION = 4;
const GUID_BYTES = 16;
/** Its own length, flags, and the times of the first and the last event. */
const MIN_HEADER_BYTES = 20;

/** What the parser asks for next: so many bytes, to have or to pass over. */
interface Wish {
  readonly bytes: number;
  readonly isSkipped?: true;
}
type Parser = Generator<Wish, void, Buffer>;

/**
 * Reads the events of one provider from a NetTrace stream, version 4, chunk by chunk (microsoft/perfview,
 * `NetTraceFormat.md`). It keeps one block at most, of 1 MB at most; stacks, sequence points and objects that it
 * does not know are passed over by their length.
 */
export class NettraceReader {
  private readonly parser: Parser;
  private wish: Wish | null;
  /** The part that has come of a piece that was cut over chunks. */
  private piece: Buffer | null = null;
  private have = 0;
  private position = 0;
  private ticksPerMs = 1;
  /** Which number the events of a kind have, for the provider's kinds only. */
  private readonly kinds = new Map<number, number>();

  constructor(
    private readonly provider: string,
    private readonly listener: NettraceListener,
  ) {
    this.parser = this.parse();
    this.wish = this.parser.next().value ?? null;
  }

  /** Takes the next bytes of the stream; throws NettraceError when they make no sense, and is of no use after that. */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.wish !== null && (at < chunk.length || this.wish.bytes === 0)) {
      const part = chunk.subarray(at, at + this.wish.bytes - this.have);
      const isWhole = this.have + part.length === this.wish.bytes;
      if (this.wish.isSkipped === undefined && part.length < this.wish.bytes) {
        this.piece ??= Buffer.allocUnsafe(this.wish.bytes);
        part.copy(this.piece, this.have);
      }
      at += part.length;
      this.have += part.length;
      if (!isWhole) return;
      const piece = this.piece ?? part;
      this.position += this.have;
      this.piece = null;
      this.have = 0;
      this.wish = this.parser.next(piece).value ?? null;
    }
  }

  private *parse(): Parser {
    const magic = (yield { bytes: 32 }).toString('latin1');
    if (magic !== 'Nettrace\x14\0\0\0!FastSerialization.1')
      throw new NettraceError('it does not begin as NetTrace 4');
    for (;;) {
      const tag = (yield { bytes: 1 })[0];
      if (tag === NULL_REFERENCE) return;
      expect(tag === BEGIN_OBJECT, 'an object does not begin where it should');
      const type = yield { bytes: 14 };
      const nameBytes = type.readInt32LE(10);
      expect(type[0] === BEGIN_OBJECT && type[1] === NULL_REFERENCE, 'an object has no type');
      expect(nameBytes > 0 && nameBytes <= MAX_NAME_BYTES, 'the name of a type has no sensible length');
      const name = (yield { bytes: nameBytes }).toString('latin1');
      expect((yield { bytes: 1 })[0] === END_OBJECT, 'a type does not end where it should');
      expect(type.readInt32LE(6) <= VERSION, `it is for readers of version ${type.readInt32LE(6)}`);
      if (name === 'Trace') this.readTrace(yield { bytes: TRACE_BYTES });
      else yield* this.parseBlock(name);
      expect((yield { bytes: 1 })[0] === END_OBJECT, `an object (${name}) does not end where it should`);
    }
  }

  private *parseBlock(name: string): Parser {
    const bytes = (yield { bytes: 4 }).readUInt32LE(0);
    const padding = (4 - (this.position % 4)) % 4;
    if (name !== 'EventBlock' && name !== 'MetadataBlock') {
      yield { bytes: padding + bytes, isSkipped: true };
      return;
    }
    expect(bytes <= MAX_BLOCK_BYTES, `a block has ${bytes} bytes`);
    const block = (yield { bytes: padding + bytes }).subarray(padding);
    try {
      this.readBlock(block, name === 'MetadataBlock');
    } catch (error) {
      // Node's own, of a read beyond the end of a buffer.
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'ERR_OUT_OF_RANGE' || code === 'ERR_BUFFER_OUT_OF_BOUNDS'
        ? new NettraceError(BEYOND)
        : error;
    }
  }

  private readTrace(trace: Buffer): void {
    const ticksPerMs = Number(trace.readBigInt64LE(24)) / 1000;
    expect(ticksPerMs > 0, 'its clock stands still');
    this.ticksPerMs = ticksPerMs;
    this.listener.began(Number(trace.readBigInt64LE(16)) / ticksPerMs);
  }

  private readBlock(block: Buffer, isMetadata: boolean): void {
    const headerBytes = block.readUInt16LE(0);
    expect(headerBytes >= MIN_HEADER_BYTES, 'the header of a block is too short');
    const blobs = new BlobReader(block, headerBytes, (block.readUInt16LE(2) & 1) === 1);
    while (blobs.next()) {
      const { payload } = blobs;
      if (isMetadata) this.learnKind(payload);
      else {
        const id = this.kinds.get(blobs.kind);
        if (id === undefined) continue;
        this.listener.event({ id, timeMs: blobs.ticks / this.ticksPerMs, thread: blobs.thread, payload });
      }
    }
  }

  /** A kind's own number, its provider's name with a NUL at the end, the event's number; the rest is of no use here. */
  private learnKind(metadata: Buffer): void {
    const name = Buffer.from(`${this.provider}\0`, 'utf16le');
    if (!metadata.subarray(4, 4 + name.length).equals(name)) return;
    expect(this.kinds.size < MAX_KINDS, 'it names kinds of events without end');
    this.kinds.set(metadata.readUInt32LE(0), metadata.readUInt32LE(4 + name.length));
  }
}

/** Goes through the events of a block, whose headers leave out what is as it was in the event before. */
class BlobReader {
  kind = 0;
  ticks = 0;
  thread = 0;
  payload: Buffer = Buffer.alloc(0);
  private payloadBytes = 0;

  constructor(
    private readonly block: Buffer,
    private at: number,
    private readonly isCompressed: boolean,
  ) {}

  /** Says whether there was one more; throws when it reaches beyond the block. */
  next(): boolean {
    if (this.at >= this.block.length) return false;
    if (this.isCompressed) this.readCompressedHeader();
    else this.readHeader();
    const end = this.at + this.payloadBytes;
    if (this.payloadBytes < 0 || end > this.block.length) throw new NettraceError(BEYOND);
    this.payload = this.block.subarray(this.at, end);
    // Only whole headers are aligned, and the block begins aligned.
    this.at = this.isCompressed ? end : end + ((4 - (end % 4)) % 4);
    return true;
  }

  private readHeader(): void {
    const { block, at } = this;
    this.kind = block.readUInt32LE(at + 4) & 0x7fffffff;
    this.thread = Number(block.readBigUInt64LE(at + 20));
    this.ticks = Number(block.readBigInt64LE(at + 36));
    this.payloadBytes = block.readUInt32LE(at + 76);
    this.at += 80;
  }

  private readCompressedHeader(): void {
    const flags = this.block.readUInt8(this.at++);
    if ((flags & 1) !== 0) this.kind = this.readVarint();
    if ((flags & 2) !== 0) {
      this.readVarint(); // how many events of the thread were left out
      this.thread = this.readVarint();
      this.readVarint(); // the processor
    }
    if ((flags & 4) !== 0) this.readVarint(); // the thread that the event is about
    if ((flags & 8) !== 0) this.readVarint(); // the stack
    this.ticks += this.readVarint();
    if ((flags & 16) !== 0) this.at += GUID_BYTES;
    if ((flags & 32) !== 0) this.at += GUID_BYTES;
    if ((flags & 128) !== 0) this.payloadBytes = this.readVarint();
  }

  /** Seven bits a byte, the lowest first; a number of 64 bits is read with its sign, as times may go back. */
  private readVarint(): number {
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.block.readUInt8(this.at++);
      if (i < 7) low += (byte & 0x7f) * 2 ** (7 * i);
      else high += (byte & 0x7f) * 2 ** (7 * (i - 7));
      if (byte < 0x80) return low + (high >= 2 ** 14 ? high - 2 ** 15 : high) * 2 ** 49;
    }
    throw new NettraceError(BEYOND);
  }
}

function expect(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new NettraceError(otherwise);
}
