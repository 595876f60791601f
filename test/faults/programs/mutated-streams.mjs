// Feeds the reader of .NET's events, and the meter behind it, a recording in which bytes were changed, cut out,
// doubled or put in: a thousand times, always the same. Prints what came of it, as JSON.
import { readFileSync } from 'node:fs';
import { GcMeter } from '../../../build/telemetry/dotnet/gc-meter.js';
import { NettraceError, NettraceReader } from '../../../build/telemetry/dotnet/nettrace-reader.js';

const RUNS = 1000;
/** So many of them are there at a time when memory is measured, which takes its time. */
const HELD = 20;
const recording = readFileSync(process.argv[2]);
let state = 20_250_611;

/** A number from 0 to below `end` (mulberry32). */
function random(end) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * end);
}

function mutated() {
  let stream = Buffer.from(recording);
  for (let i = 1 + random(8); i > 0; i--) {
    // Half of them near the beginning, where everything hangs on a byte.
    const at = random(random(2) === 0 ? Math.min(2000, stream.length) : stream.length);
    const bytes = random(64);
    switch (random(5)) {
      case 0:
        stream[at] ^= 1 << random(8);
        break;
      case 1:
        stream[at] = [0, 0x7f, 0x80, 0xff][random(4)];
        break;
      case 2:
        stream = Buffer.concat([stream.subarray(0, at), stream.subarray(at + bytes)]);
        break;
      case 3:
        stream = Buffer.concat([stream.subarray(0, at + bytes), stream.subarray(at)]);
        break;
      case 4:
        stream = Buffer.concat([
          stream.subarray(0, at),
          Buffer.alloc(bytes, random(256)),
          stream.subarray(at),
        ]);
        break;
    }
  }
  return stream;
}

const told = { read: 0, refused: 0, escaped: [], events: 0, slowestMs: 0, grownMb: 0 };
const memoryMb = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 ** 2;
};
const held = [];
const beforeMb = memoryMb();
for (let run = 0; run < RUNS; run++) {
  const stream = mutated();
  const meter = new GcMeter(() => performance.now());
  const reader = new NettraceReader('Microsoft-Windows-DotNETRuntime', {
    began: (timeMs) => meter.began(timeMs),
    event: (event) => {
      told.events += 1;
      meter.event(event);
    },
  });
  const beganMs = performance.now();
  try {
    for (let at = 0, bytes; at < stream.length; at += bytes) {
      bytes = 1 + random(65_536);
      reader.push(stream.subarray(at, at + bytes));
      meter.read(performance.now());
    }
    told.read += 1;
  } catch (error) {
    if (error instanceof NettraceError) told.refused += 1;
    else told.escaped.push(String(error.stack));
  }
  told.slowestMs = Math.max(told.slowestMs, performance.now() - beganMs);
  held.push([meter, reader]);
  if (held.length === HELD) {
    told.grownMb = Math.max(told.grownMb, memoryMb() - beforeMb);
    held.length = 0;
  }
}
console.log(JSON.stringify(told));
