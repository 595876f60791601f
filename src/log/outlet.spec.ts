import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Outlet, type WriteSome } from './outlet.js';

const LINE = `${'x'.repeat(1023)}\n`;

describe('Outlet', () => {
  let written: string;
  /** How many bytes can be taken until the next retry; an error code: none. */
  let room: number | string;
  let outlet: Outlet;

  beforeEach(() => {
    jest.useFakeTimers();
    written = '';
    room = Infinity;
    outlet = new Outlet(take);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const take: WriteSome = (chunk, done) => {
    if (typeof room === 'string' || room === 0) {
      done(Object.assign(new Error(), { code: room === 0 ? 'EAGAIN' : room }), 0);
      return;
    }
    const taken = chunk.subarray(0, room);
    written += taken.toString();
    room -= taken.length;
    done(null, taken.length);
  };

  async function retry(newRoom: number): Promise<void> {
    room = newRoom;
    await jest.advanceTimersByTimeAsync(1000);
  }

  it('writes at once what can be written', () => {
    outlet.write('one\n');
    outlet.write('two\n');
    expect(written).toBe('one\ntwo\n');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('goes on in the middle of a line of which only a part was taken', async () => {
    room = 5;
    outlet.write('first line\n');
    outlet.write('second line\n');
    expect(written).toBe('first');
    await retry(9);
    expect(written).toBe('first line\nsec');
    await retry(Infinity);
    expect(written).toBe('first line\nsecond line\n');
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each(['EAGAIN', 'EPIPE', 'ENOSPC', 'EIO'])(
    'keeps what fits during %s, and counts the lines of the rest in their place',
    async (code) => {
      room = code;
      for (let i = 0; i < 300; i++) outlet.write(LINE);
      outlet.write('short\nlines\n');
      expect(written).toBe('');
      await retry(Infinity);
      outlet.write('after\n');
      expect(written).toBe(
        `${LINE.repeat(256)}(46 lines of this log are lost: it could not be written)\nafter\n`,
      );
    },
  );

  it('takes one piece that is larger than what may wait', async () => {
    room = 0;
    outlet.write(LINE.repeat(1000));
    await retry(Infinity);
    expect(written).toBe(LINE.repeat(1000));
  });

  it('waits for a write that is under way', () => {
    let finish = (): void => undefined;
    outlet = new Outlet((chunk, done) => {
      written += chunk.toString();
      finish = () => {
        done(null, chunk.length);
      };
    });
    outlet.write('one\n');
    outlet.write('two\n');
    outlet.write('three\n');
    expect(written).toBe('one\n');
    finish();
    expect(written).toBe('one\ntwo\nthree\n');
  });

  describe('when flushed', () => {
    async function flushed(): Promise<() => boolean> {
      let isDone = false;
      void outlet.flush(500).then(() => (isDone = true));
      await jest.advanceTimersByTimeAsync(100);
      return () => isDone;
    }

    it('waits for a reader that is slow', async () => {
      room = 0;
      outlet.write('line\n');
      const isDone = await flushed();
      expect(isDone()).toBe(false);
      room = Infinity;
      await jest.advanceTimersByTimeAsync(100);
      expect(isDone()).toBe(true);
      expect(written).toBe('line\n');
    });

    it('gives up on one that does not read', async () => {
      room = 0;
      outlet.write('line\n');
      const isDone = await flushed();
      await jest.advanceTimersByTimeAsync(500);
      expect(isDone()).toBe(true);
    });

    it('waits neither for nothing nor for a pipe without a reader', async () => {
      expect((await flushed())()).toBe(true);
      room = 'EPIPE';
      outlet.write('line\n');
      expect((await flushed())()).toBe(true);
    });
  });
});
