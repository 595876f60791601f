import { describe, expect, it } from '@jest/globals';
import { LineSplitter } from './line-splitter.js';

function linesOf(...chunks: (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  return lines;
}

describe('LineSplitter', () => {
  it('cuts output into lines, wherever its chunks end', () => {
    const text = 'one\n\ntwo\r\nthree\n';
    expect(linesOf(text)).toEqual(['one', '', 'two', 'three']);
    for (let size = 1; size < text.length; size++) {
      const chunks = [];
      for (let at = 0; at < text.length; at += size) chunks.push(text.slice(at, at + size));
      expect(linesOf(...chunks)).toEqual(['one', '', 'two', 'three']);
    }
  });

  it('waits for the end of a line', () => {
    expect(linesOf('one\ntw')).toEqual(['one']);
    expect(linesOf('one\ntw', 'o\r', '\n')).toEqual(['one', 'two']);
  });

  it('takes bytes that are no UTF-8, and a character that came in two chunks', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x0a, 0x00, 0xc3, 0x0a]);
    expect(linesOf(bytes)).toHaveLength(2);
    const line = Buffer.from('läuft now running on Port 42420\n');
    expect(linesOf(line.subarray(0, 2), line.subarray(2))[0]).toMatch(/^l.+uft now running on Port 42420$/);
  });

  it('leaves out a line that is too long, in whatever pieces it comes, and goes on behind it', () => {
    const long = 'x'.repeat(9000);
    const fits = 'y'.repeat(8192);
    for (const size of [1, 100, 8191, 8192, 8193, 100_000]) {
      const text = `${long}\n${fits}\n${long}\nend\n`;
      const chunks = [];
      for (let at = 0; at < text.length; at += size) chunks.push(text.slice(at, at + size));
      expect(linesOf(...chunks)).toEqual([fits, 'end']);
    }
  });

  it('keeps nothing of a line of 50 MB without an end', () => {
    const piece = Buffer.alloc(65_536, 'x');
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    const before = process.memoryUsage().heapUsed;
    let most = 0;
    for (let i = 0; i < 800; i++) {
      splitter.push(piece);
      most = Math.max(most, process.memoryUsage().heapUsed - before);
    }
    // Garbage included.
    expect(most).toBeLessThan(40 * 1024 ** 2);
    expect(JSON.stringify(splitter).length).toBeLessThan(10_000);
    splitter.push(Buffer.from('\nend\n'));
    expect(lines).toEqual(['end']);
  });

  it('forgets the line begun when it is told to', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    splitter.push(Buffer.from('of the old fi'));
    splitter.reset();
    splitter.push(Buffer.from('of the new\n'));
    expect(lines).toEqual(['of the new']);
  });
});
