import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { waitFor } from '../testing/wait-for.js';
import { DiskRoom } from './disk-room.js';

const MIB = 1024 ** 2;

describe('DiskRoom', () => {
  it('is what the system says of the disk of a folder', async () => {
    const room = new DiskRoom(tmpdir());
    expect(room.freeBytes()).toBeNull();
    await waitFor(() => room.freeBytes() !== null);
    const { bavail, bsize } = statfsSync(tmpdir());
    // Others write to it meanwhile.
    expect(Math.abs(Number(room.freeBytes()) - bavail * bsize)).toBeLessThan(512 * MIB);
  });

  it('is not known of a folder that is not there', async () => {
    const room = new DiskRoom('/nowhere/at/all');
    expect(room.freeBytes()).toBeNull();
    await new Promise((done) => setTimeout(done, 50));
    expect(room.freeBytes()).toBeNull();
  });
});

describe('DiskRoom, as time passes', () => {
  let looks: ((free: number | Error) => void)[];
  let room: DiskRoom;

  beforeEach(() => {
    jest.useFakeTimers();
    looks = [];
    room = new DiskRoom(
      '/data',
      () =>
        new Promise((resolve, reject) => {
          looks.push((free) => {
            if (free instanceof Error) reject(free);
            else resolve({ bavail: free, bsize: 4096 });
          });
        }),
    );
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  async function answer(free: number | Error): Promise<void> {
    looks.at(-1)?.(free);
    await jest.advanceTimersByTimeAsync(0);
  }

  it('is looked at once a minute, however often it is asked for', async () => {
    for (let second = 0; second < 180; second++) {
      const before = looks.length;
      room.freeBytes();
      if (looks.length > before) await answer(1000 + second);
      jest.advanceTimersByTime(1000);
    }
    expect(looks).toHaveLength(3);
    expect(room.freeBytes()).toBe(1120 * 4096);
  });

  it('is not known any more while a disk hangs, and no second look is begun', async () => {
    room.freeBytes();
    await answer(1000);
    jest.advanceTimersByTime(60_000);
    expect(room.freeBytes()).toBe(1000 * 4096);
    jest.advanceTimersByTime(91_000);
    expect(room.freeBytes()).toBeNull();
    jest.advanceTimersByTime(3_600_000);
    expect(room.freeBytes()).toBeNull();
    expect(looks).toHaveLength(2);
    await answer(900);
    expect(room.freeBytes()).toBe(900 * 4096);
    expect(looks).toHaveLength(3);
  });

  it('is not known when a look fails, and looked at again soon', async () => {
    room.freeBytes();
    await answer(1000);
    jest.advanceTimersByTime(60_000);
    room.freeBytes();
    await answer(new Error('EIO'));
    expect(room.freeBytes()).toBeNull();
    jest.advanceTimersByTime(4999);
    expect(room.freeBytes()).toBeNull();
    expect(looks).toHaveLength(2);
    jest.advanceTimersByTime(1);
    room.freeBytes();
    await answer(800);
    expect(room.freeBytes()).toBe(800 * 4096);
  });
});
