/** Bytes whose padding follows from where in the stream they stand. */
export type StreamPart = (position: number) => Buffer;

/** One event as it stands in a block with header compression; what is left out is as in the event before. */
export interface Blob {
  readonly kind?: number;
  readonly thread?: number;
  /** Since the event before, in ticks; the first one's since 0. */
  readonly ticks: number | bigint;
  readonly payload?: Buffer;
  /** With every other field that a header can have. */
  readonly isFull?: boolean;
}

export const RUNTIME = 'Microsoft-Windows-DotNETRuntime';

/** A whole NetTrace stream of these parts, from its first byte to its end. */
export function nettrace(...parts: readonly StreamPart[]): Buffer {
  let stream = Buffer.from('Nettrace\x14\0\0\0!FastSerialization.1', 'latin1');
  for (const part of parts) stream = Buffer.concat([stream, part(stream.length)]);
  return Buffer.concat([stream, Buffer.of(1)]);
}

/** The object that every stream begins with: the clock as it was then, and its ticks a second. */
export function trace(ticks: bigint, ticksPerSecond = 1_000_000_000n, version = 4): StreamPart {
  const content = Buffer.alloc(48);
  content.writeBigInt64LE(ticks, 16);
  content.writeBigInt64LE(ticksPerSecond, 24);
  return object('Trace', () => content, version);
}

/** A block of any name; `bytes` is what it says of its length. */
export function block(name: string, content: Buffer, bytes = content.length): StreamPart {
  return object(name, (position) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes);
    return Buffer.concat([size, Buffer.alloc((4 - ((position + 4) % 4)) % 4), content]);
  });
}

export function events(...blobs: readonly Blob[]): StreamPart {
  let payload = Buffer.of();
  const bytes = blobs.map((blob) => {
    const isSameSize = blob.payload === undefined;
    payload = Buffer.from(blob.payload ?? payload);
    return compressed({ ...blob, payload }, isSameSize);
  });
  return block('EventBlock', Buffer.concat([blockHeader(1), ...bytes]));
}

/** Events with the long headers; times from 0 on. */
export function longEvents(...blobs: readonly Blob[]): StreamPart {
  return block('EventBlock', Buffer.concat([blockHeader(0), ...blobs.map(uncompressed)]));
}

/** Tells which number of which provider the events of a kind have. */
export function kinds(...known: readonly { kind: number; id: number; provider?: string }[]): StreamPart {
  const blobs = known.map(({ kind, id, provider = RUNTIME }) => {
    const name = Buffer.from(`${provider}\0`, 'utf16le');
    return compressed({
      kind: 0,
      ticks: 0,
      payload: Buffer.concat([u32(kind), name, u32(id), Buffer.alloc(30)]),
    });
  });
  return block('MetadataBlock', Buffer.concat([blockHeader(1), ...blobs]));
}

/** Numbers of 32 bits, as the fields of an event. */
export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
  return bytes;
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export function blockHeader(flags: number): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt16LE(header.length, 0);
  header.writeUInt16LE(flags, 2);
  return header;
}

function object(name: string, content: StreamPart, version = 4): StreamPart {
  return (position) => {
    const head = Buffer.concat([
      Buffer.of(5, 5, 1),
      u32(version, version, name.length),
      Buffer.from(`${name}\x06`),
    ]);
    return Buffer.concat([head, content(position + head.length), Buffer.of(6)]);
  };
}

function compressed(
  { kind, thread, ticks, payload = Buffer.of(), isFull = false }: Blob,
  isSameSize = false,
): Buffer {
  const flag = (bit: number, isSet: boolean) => (isSet ? bit : 0);
  const flags =
    flag(1, kind !== undefined) + flag(2, thread !== undefined) + flag(60, isFull) + flag(128, !isSameSize);
  return Buffer.concat([
    Buffer.of(flags),
    kind === undefined ? Buffer.of() : varint(kind),
    thread === undefined ? Buffer.of() : Buffer.concat([varint(300), varint(thread), varint(1)]),
    isFull ? Buffer.concat([varint(thread ?? 0), varint(70_000)]) : Buffer.of(),
    varint(ticks),
    isFull ? Buffer.alloc(32, 0xff) : Buffer.of(),
    isSameSize ? Buffer.of() : varint(payload.length),
    payload,
  ]);
}

function uncompressed({ kind = 0, thread = 0, ticks, payload = Buffer.of() }: Blob): Buffer {
  const blob = Buffer.alloc(80 + payload.length + ((4 - (payload.length % 4)) % 4));
  blob.writeUInt32LE(blob.length - 4, 0);
  // The highest bit says that it is in order.
  blob.writeUInt32LE(kind + 0x80000000, 4);
  blob.writeBigUInt64LE(99n, 12);
  blob.writeBigUInt64LE(BigInt(thread), 20);
  blob.writeBigInt64LE(BigInt(ticks), 36);
  blob.writeUInt32LE(payload.length, 76);
  payload.copy(blob, 80);
  return blob;
}
