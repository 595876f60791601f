import { describe, expect, it } from '@jest/globals';
import { type ProcCounters } from './proc-process.js';
import { TreeCpu } from './tree-cpu.js';

/** A child of process 1, the root, unless another parent is named. */
const at = (pid: number, ownMs: number, reapedMs = 0, startTick = pid, parentPid = 1): ProcCounters => ({
  pid,
  parentPid: pid === 1 ? 0 : parentPid,
  ownMs,
  reapedMs,
  startTick,
  isZombie: false,
  threadCount: 1,
  rssBytes: 0,
});
const isNew = () => true;
const isOld = () => false;
const died = () => false;
const left = () => true;

describe('the CPU time of a tree', () => {
  it('is at first all that its processes and their ended children have used', () => {
    expect(new TreeCpu().advance([at(1, 100, 30), at(2, 50)], isOld, died)).toBe(180);
  });

  it('grows by what each process uses', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 100), at(2, 50)], isNew, died);
    expect(cpu.advance([at(1, 110), at(2, 75)], isNew, died)).toBe(185);
  });

  it('counts a child that ended once, though its parent inherits all that it used', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 100), at(2, 50)], isNew, died);
    // It used 20 more before it ended.
    expect(cpu.advance([at(1, 100, 70)], isNew, died)).toBe(170);
  });

  it('counts children that came and went between two readings', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 10)], isNew, died);
    expect(cpu.advance([at(1, 10, 400)], isNew, died)).toBe(410);
  });

  it('does not fall when a child ends that nobody waits for', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 100), at(2, 500)], isNew, died);
    expect(cpu.advance([at(1, 105)], isNew, died)).toBe(605);
  });

  it('loses and adds nothing by rounding: a parent is told of its children in whole ticks', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 0)], isNew, died);
    for (let i = 1; i <= 10; i++) {
      // A child is seen when it has used 7 ms, and ends then; told are 0, 10, 20, 20, 30 ... of 7, 14, 21, 28, 35.
      cpu.advance([at(1, 0, Math.floor((7 * (i - 1)) / 10) * 10), at(100 + i, 7)], isNew, died);
    }
    expect(cpu.advance([at(1, 0, 70)], isNew, died)).toBe(70);
  });

  it('holds nothing back from a parent that began to reap late', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 0), at(2, 500)], isNew, died);
    cpu.advance([at(1, 0)], isNew, died);
    expect(cpu.advance([at(1, 0, 100)], isNew, died)).toBe(580);
  });

  it('takes nothing off from what one parent tells for a child that another does not wait for', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 0), at(2, 0), at(3, 900, 0, 3, 2)], isNew, died);
    expect(cpu.advance([at(1, 0, 400), at(2, 0)], isNew, died)).toBe(1300);
  });

  it('counts once what a whole branch hands to the root when it ends', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 0), at(2, 10, 100), at(3, 200, 0, 3, 2)], isNew, died);
    expect(cpu.advance([at(1, 0, 330)], isNew, died)).toBe(330);
  });

  it('takes nothing off for a child that left the tree', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 100), at(2, 500)], isNew, died);
    expect(cpu.advance([at(1, 100, 30)], isNew, left)).toBe(630);
  });

  it('does not leap when an old process joins', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 100)], isNew, died);
    expect(cpu.advance([at(1, 100), at(2, 9000)], isOld, died)).toBe(100);
    expect(cpu.advance([at(1, 100), at(2, 9010)], isOld, died)).toBe(110);
  });

  it('takes a process with a known pid and another start for a new one', () => {
    const cpu = new TreeCpu();
    cpu.advance([at(1, 100), at(2, 500, 0, 2)], isNew, died);
    expect(cpu.advance([at(1, 100, 500), at(2, 3, 0, 99)], isNew, died)).toBe(603);
  });
});
