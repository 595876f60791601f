import { describe, expect, it } from '@jest/globals';
import { inOnePiece, type Pieces, Piecework } from './piecework.js';

/** A task that notes each of its pieces. */
function* noting(log: string[], name: string, pieces: number): Pieces<string> {
  for (let piece = 1; piece <= pieces; piece++) {
    log.push(`${name}${piece}`);
    if (piece < pieces) yield;
  }
  return name;
}

describe('piecework', () => {
  it('gives each new task a piece before those that had one go on, and these one after the other', () => {
    const log: string[] = [];
    const work = new Piecework((id, result) => log.push(`${id}: ${String(result())}`));
    work.add(1, 'soon', noting(log, 'a', 3));
    work.add(2, 'soon', noting(log, 'b', 3));
    work.add(3, 'last', noting(log, 'export', 1));
    work.step();
    work.add(4, 'soon', noting(log, 'small', 1));
    work.add(5, 'first', noting(log, 'upkeep', 1));
    while (work.step());
    expect(log).toEqual([
      ...['a1', 'upkeep1', '5: upkeep', 'b1', 'small1', '4: small', 'export1', '3: export'],
      ...['a2', 'a3', '1: a', 'b2', 'b3', '2: b'],
    ]);
    expect(work.step()).toBe(false);
  });

  it('tells what a task throws, and goes on', () => {
    const results: (() => unknown)[] = [];
    const work = new Piecework((_, result) => results.push(result));
    work.add(
      1,
      'soon',
      inOnePiece(() => {
        throw new Error('no');
      }),
    );
    work.add(
      2,
      'soon',
      inOnePiece(() => 5),
    );
    while (work.step());
    expect(() => results[0]?.()).toThrow('no');
    expect(results[1]?.()).toBe(5);
  });

  it('does nothing more of a task that was dropped, begun or not', () => {
    const log: string[] = [];
    const work = new Piecework((id) => log.push(`${id} done`));
    work.add(1, 'soon', noting(log, 'a', 3));
    work.add(2, 'soon', noting(log, 'b', 3));
    work.step();
    work.drop(1);
    work.drop(2);
    expect(work.step()).toBe(false);
    expect(log).toEqual(['a1']);
  });
});
