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

  it('holds a bounded amount of memory, however much was written', () => {
    const tail = new OutputTail();
    const chunk = Buffer.alloc(10 * KIB, 'x');
    for (let i = 0; i < 10_000; i++) tail.append(chunk);
    const held = (Reflect.get(tail, 'chunks') as Buffer[]).reduce((bytes, { length }) => bytes + length, 0);
    expect(held).toBeGreaterThanOrEqual(256 * KIB);
    expect(held).toBeLessThan(256 * KIB + chunk.length);
  });
});
