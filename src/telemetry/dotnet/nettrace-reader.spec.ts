import { describe, expect, it } from '@jest/globals';
import {
  block,
  blockHeader,
  events,
  kinds,
  longEvents,
  nettrace,
  RUNTIME,
  trace,
  u32,
  varint,
} from '../../testing/nettrace.js';
import { NettraceError, NettraceReader } from './nettrace-reader.js';

/** What a reader told: the clock at the beginning, and `id at time by thread: payload` for each event. */
class Told {
  readonly lines: string[] = [];
  readonly reader = new NettraceReader(RUNTIME, {
    began: (timeMs) => this.lines.push(`began ${timeMs}`),
    event: ({ id, timeMs, thread, payload }) =>
      this.lines.push(`${id} at ${timeMs} by ${thread}: ${payload.toString('hex')}`),
  });

  push(...chunks: readonly Buffer[]): string[] {
    for (const chunk of chunks) this.reader.push(chunk);
    return this.lines;
  }
}

const ordinary = nettrace(
  trace(5_000_000_000n),
  block('SPBlock', Buffer.alloc(13)),
  kinds({ kind: 7, id: 9 }, { kind: 300, id: 1 }, { kind: 8, id: 2, provider: 'Another' }),
  block('StackBlock', Buffer.alloc(1001)),
  events(
    { kind: 7, thread: 40_000, ticks: 5_001_000_000n, payload: u32(1, 2) },
    { ticks: 500_000 },
    { kind: 8, ticks: 1, payload: Buffer.alloc(3) },
    { kind: 300, thread: 41, ticks: 1_499_999, payload: u32(3), isFull: true },
    { ticks: -3_000_000n },
  ),
  block('A block of later days', Buffer.alloc(70)),
  events({ kind: 300, thread: 5, ticks: 6_000_000_000n, payload: Buffer.of() }),
  longEvents(
    { kind: 7, thread: 6, ticks: 7_000_000_000n, payload: Buffer.of(1) },
    { kind: 7, ticks: 7_001_000_000n },
  ),
);
const ordinaryLines = [
  'began 5000',
  '9 at 5001 by 40000: 0100000002000000',
  '9 at 5001.5 by 40000: 0100000002000000',
  '1 at 5003 by 41: 03000000',
  '1 at 5000 by 41: 03000000',
  '1 at 6000 by 5: ',
  '9 at 7000 by 6: 01',
  '9 at 7001 by 0: ',
];

describe('NettraceReader', () => {
  it('tells the events of its provider, with what a header leaves out, and passes everything else over', () => {
    expect(new Told().push(ordinary)).toEqual(ordinaryLines);
  });

  it('does so wherever the stream is cut', () => {
    for (let at = 1; at < ordinary.length; at++)
      expect(new Told().push(ordinary.subarray(0, at), ordinary.subarray(at))).toEqual(ordinaryLines);
    expect(new Told().push(...[...ordinary].map((byte) => Buffer.of(byte)))).toEqual(ordinaryLines);
  });

  it('keeps to the clock of the runtime, whatever its ticks are', () => {
    const stream = nettrace(
      trace(30n, 10n),
      kinds({ kind: 1, id: 3 }),
      events({ kind: 1, thread: 1, ticks: 41 }),
    );
    expect(new Told().push(stream)).toEqual(['began 3000', '3 at 4100 by 1: ']);
  });

  it('counts on with times of many years to the nanosecond', () => {
    const years = 3n * 365n * 86_400_000_000_000n;
    const stream = nettrace(
      trace(years),
      kinds({ kind: 1, id: 3 }),
      events({ kind: 1, thread: 1, ticks: years }, { ticks: 1_000_000 }),
    );
    const times = new Told().push(stream).map((line) => Number(/[\d.]+(?= by|$)/.exec(line)?.[0]));
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeCloseTo(1, 4);
  });

  it('is told that a stream is over, and takes no notice of what follows', () => {
    expect(new Told().push(ordinary, Buffer.from('garbage'))).toEqual(ordinaryLines);
  });

  it('passes over a gigabyte of what it does not know', () => {
    const told = new Told();
    // Without the end of the object, and of the stream.
    told.push(nettrace(trace(1_000_000n), block('StackBlock', Buffer.of(), 2 ** 30)).subarray(0, -2));
    const chunk = Buffer.alloc(1 << 20);
    const before = process.memoryUsage().arrayBuffers;
    for (let sent = 0; sent < 2 ** 30; sent += chunk.length) told.push(chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
    expect(() => told.push(Buffer.alloc(8))).toThrow(NettraceError);
  });

  const known = [trace(1n), kinds({ kind: 1, id: 3 })] as const;
  const blobs = (...parts: readonly Buffer[]) =>
    block('EventBlock', Buffer.concat([blockHeader(1), ...parts]));
  const name = Buffer.from(`${RUNTIME}\0`, 'utf16le');
  const nameOnly = Buffer.concat([
    blockHeader(1),
    Buffer.of(128),
    varint(0),
    varint(4 + name.length),
    u32(1),
    name,
  ]);
  it.each([
    ['garbage', Buffer.alloc(100, 'garbage ')],
    ['an older format', Buffer.from('\x14\0\0\0!FastSerialization.1 and so on and on')],
    ['a version of later days', nettrace(trace(1n, 1n, 6))],
    ['a clock that stands still', nettrace(trace(1n, 0n))],
    ['a block larger than any', nettrace(...known, block('EventBlock', Buffer.of(), 2 ** 31))],
    [
      'a block with a longer header than it has bytes',
      nettrace(...known, block('EventBlock', Buffer.of(24))),
    ],
    ['a block without a header', nettrace(...known, block('EventBlock', Buffer.alloc(24)))],
    [
      'an event larger than its block',
      nettrace(...known, blobs(Buffer.of(1 + 128), varint(1), varint(1), varint(9))),
    ],
    [
      'an event of less than nothing',
      nettrace(...known, blobs(Buffer.of(1 + 128), varint(1), varint(1), varint(-13n))),
    ],
    ['a number without an end', nettrace(...known, blobs(Buffer.of(0), Buffer.alloc(11, 0x80)))],
    ['an event that ends in its header', nettrace(...known, blobs(Buffer.of(16), varint(1)))],
    ['a kind without a number', nettrace(block('MetadataBlock', nameOnly))],
    [
      'kinds without an end',
      nettrace(kinds(...Array.from({ length: 5000 }, (_, kind) => ({ kind, id: 1 })))),
    ],
    [
      'a type with a name of a gigabyte',
      Buffer.concat([nettrace().subarray(0, -1), Buffer.of(5, 5, 1), u32(4, 4, 2 ** 30)]),
    ],
    ['no object', Buffer.concat([nettrace().subarray(0, -1), Buffer.alloc(20, 9)])],
  ])('throws NettraceError at %s', (_, stream) => {
    const told = new Told();
    expect(() => told.push(stream)).toThrow(NettraceError);
  });
});
