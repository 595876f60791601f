import { describe, expect, it } from '@jest/globals';
import { OutputTail } from './output-tail.js';

const KIB = 1024;

function tailOf(...chunks: (string | Buffer)[]): OutputTail {
  const tail = new OutputTail();
  for (const chunk of chunks) tail.append(Buffer.from(chunk));
  return tail;
}

describe('OutputTail', () => {
  it('has no lines before the first output', () => {
    expect(tailOf().lines()).toEqual([]);
  });

  it('cuts output into lines, wherever its chunks end', () => {
    expect(tailOf('one\ntw', 'o\n', 'three\n').lines()).toEqual(['one', 'two', 'three']);
  });

  it('shows a line that has not ended yet', () => {
    expect(tailOf('one\ntwo').lines()).toEqual(['one', 'two']);
  });

  it('keeps empty lines and takes Windows line ends', () => {
    expect(tailOf('one\r', '\n\r\ntwo\r\n').lines()).toEqual(['one', '', 'two']);
  });

  it('puts a character together that came in two chunks', () => {
    const bytes = Buffer.from('Björn joined');
    expect(tailOf(bytes.subarray(0, 3), bytes.subarray(3)).lines()).toEqual(['Björn joined']);
  });

  it('answers the same when asked again, and goes on', () => {
    const tail = tailOf('one\n');
    expect([tail.lines(), tail.lines()]).toEqual([['one'], ['one']]);
    tail.append(Buffer.from('two\n'));
    expect(tail.lines()).toEqual(['one', 'two']);
  });

  it('keeps the last 200 lines', () => {
    const chunks = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`);
    const lines = tailOf(...chunks).lines();
    expect(lines).toHaveLength(200);
    expect([lines[0], lines.at(-1)]).toEqual(['line 800', 'line 999']);
  });

  it('keeps the last 256 KiB of a program that never writes a newline', () => {
    const lines = tailOf('a'.repeat(300 * KIB), 'b'.repeat(100 * KIB), 'c'.repeat(100 * KIB)).lines();
    expect(lines).toEqual(['a'.repeat(56 * KIB) + 'b'.repeat(100 * KIB) + 'c'.repeat(100 * KIB)]);
  });

  it('keeps the bytes, not the pieces in which they came', () => {
    const piece = Buffer.from('one\n');
    const tail = tailOf();
    tail.append(piece);
    piece.fill('x');
    expect(tail.lines()).toEqual(['one']);
  });

  it('keeps the last bytes in order wherever the ring ends, whatever the size of the pieces', () => {
    const text = Array.from({ length: 90_000 }, (_, i) => `${i}\n`).join('');
    for (const size of [1, 7, 1000, 100_000, 300_000]) {
      const tail = new OutputTail();
      for (let at = 0; at < text.length; at += size) tail.append(Buffer.from(text.slice(at, at + size)));
      expect(tail.lines().at(0)).toBe('89800');
      expect(tail.lines().at(-1)).toBe('89999');
    }
  });

  it('takes a single byte as cheaply when it is full as when it is empty', () => {
    const tail = new OutputTail();
    const cpuOfAppends = (count: number) => {
      const before = process.cpuUsage();
      for (let i = 0; i < count; i++) tail.append(Buffer.from('x'));
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cpuOfAppends(20_000);
    const whenEmpty = cpuOfAppends(20_000);
    cpuOfAppends(300_000);
    // The least of some: a collection of garbage may fall into one.
    const whenFull = Math.min(...[1, 2, 3].map(() => cpuOfAppends(20_000)));
    // Each move of an array of 260,000 chunks takes a thousand times as long as the append itself.
    expect(whenFull).toBeLessThan(20 * whenEmpty + 20_000);
  });
});
