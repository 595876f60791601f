import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { text } from 'node:stream/consumers';
import { answer, FakeRuntime, processInfo } from '../../testing/fake-runtime.js';
import { u32 } from '../../testing/nettrace.js';
import { askVersion, collectGcEvents, DiagnosticsError, stopCollecting } from './diagnostics-client.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const UNKNOWN_COMMAND = u32(0x80131385);
const SESSION = Buffer.from('0102030405060708', 'hex');

onLinux('the diagnostics client', () => {
  let runtime: FakeRuntime;

  beforeEach(() => {
    runtime = new FakeRuntime().useFolder();
  });
  afterEach(() => runtime.remove());

  describe('askVersion', () => {
    it('tells the version', async () => {
      await runtime.listen((_, socket) => socket.write(answer('ok', processInfo('9.0.1'))));
      expect(await askVersion(runtime.path)).toBe('9.0.1');
      expect(runtime.commands).toEqual(['4/4']);
    });

    it('takes an answer in pieces', async () => {
      await runtime.listen((_, socket) => {
        for (const byte of answer('ok', processInfo('8.0.11+abc'))) socket.write(Buffer.of(byte));
      });
      expect(await askVersion(runtime.path)).toBe('8.0.11');
    });

    it.each([
      ['it is too old to tell', answer('error', UNKNOWN_COMMAND)],
      ['it tells less', answer('ok', Buffer.alloc(24))],
      ['it tells nonsense', answer('ok', Buffer.alloc(60, 0xff))],
    ])('has none when %s', async (_, bytes) => {
      await runtime.listen((_, socket) => socket.write(bytes));
      expect(await askVersion(runtime.path)).toBeNull();
    });

    it.each([
      ['garbage', Buffer.alloc(30, 'garbage '), /not a \.NET runtime/],
      [
        'a length of nothing',
        Buffer.concat([answer('ok', Buffer.of()).subarray(0, 14), Buffer.alloc(6)]),
        /not a \.NET/,
      ],
      ['half an answer', answer('ok', processInfo('9.0.1')).subarray(0, 40), /ended the connection/],
    ])('throws at %s', async (_, bytes, message) => {
      await runtime.listen((_, socket) => socket.end(bytes));
      await expect(askVersion(runtime.path)).rejects.toThrow(message);
      await expect(askVersion(runtime.path)).rejects.toThrow(DiagnosticsError);
    });

    it('throws when nothing is answered within 2 s, or nobody is there', async () => {
      await runtime.listen(() => undefined);
      await expect(askVersion(runtime.path)).rejects.toThrow(/does not answer/);
      await expect(askVersion(`${runtime.path}-not`)).rejects.toThrow(/cannot be used \(.*ENOENT/);
    });
  });

  describe('collectGcEvents', () => {
    it('asks for the events of the collector alone, without stacks', async () => {
      let request = Buffer.of();
      await runtime.listen((_, socket, payload) => {
        request = Buffer.from(payload);
        socket.end(Buffer.concat([answer('ok', SESSION), Buffer.from('Nettrace')]));
      });
      const { socket, sessionId } = await collectGcEvents(runtime.path);
      expect(sessionId).toBe(0x0807060504030201n);
      expect(await text(socket)).toBe('Nettrace');
      expect(runtime.commands).toEqual(['2/4']);
      // 4 MB, NetTrace, no rundown, no stacks, one provider: keyword 1, level 4.
      expect(request.toString('hex', 0, 26)).toBe(
        '04000000010000000000010000000100000000000000' + '04000000',
      );
      expect(request.toString('utf16le', 30)).toBe('Microsoft-Windows-DotNETRuntime\0\0\0');
    });

    it('falls back to the request of older runtimes', async () => {
      await runtime.listen((command, socket, payload) => {
        const isKnown = command === '2/3' && payload.readUInt32LE(9) === 1;
        socket.write(isKnown ? answer('ok', SESSION) : answer('error', UNKNOWN_COMMAND));
      });
      const { socket } = await collectGcEvents(runtime.path);
      socket.destroy();
      expect(runtime.commands).toEqual(['2/4', '2/3']);
    });

    it('throws when it is refused', async () => {
      await runtime.listen((_, socket) => socket.write(answer('error', u32(0x80131371))));
      await expect(collectGcEvents(runtime.path)).rejects.toThrow(/refuses to send events \(0x80131371\)/);
      expect(runtime.commands).toEqual(['2/4']);
    });
  });

  it('stops a session by its number', async () => {
    let request = Buffer.of();
    await runtime.listen((_, socket, payload) => {
      request = Buffer.from(payload);
      socket.write(answer('ok', payload));
    });
    await stopCollecting(runtime.path, 0x0807060504030201n);
    expect(runtime.commands).toEqual(['2/1']);
    expect(request).toEqual(SESSION);
  });
});
