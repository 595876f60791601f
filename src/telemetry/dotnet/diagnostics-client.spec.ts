import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { dotnetProcess } from '../../testing/dotnet.js';
import { answer, FakeRuntime, processInfo } from '../../testing/fake-runtime.js';
import { u32 } from '../../testing/nettrace.js';
import {
  askVersion,
  collectGcEvents,
  DiagnosticsError,
  findSocket,
  NoSocketError,
  stopCollecting,
} from './diagnostics-client.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const asRoot = process.geteuid?.() === 0 ? it : it.skip;
const UNKNOWN_COMMAND = u32(0x80131385);
const SESSION = Buffer.from('0102030405060708', 'hex');

onLinux('the diagnostics client', () => {
  let runtime: FakeRuntime;

  beforeEach(() => {
    runtime = new FakeRuntime().useFolder();
  });
  afterEach(() => runtime.remove());

  /** What another process makes of `work`, which prints a line when it is ready. */
  async function withProcess(
    script: string,
    env: Record<string, string>,
    work: (pid: number) => Promise<unknown>,
  ): Promise<void> {
    const child = spawn(process.execPath, ['-e', `${script}; console.log(); setInterval(() => 0, 1e6)`], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      await work(child.pid ?? 0);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  describe('findSocket', () => {
    it('finds the socket of exactly this process', async () => {
      await runtime.listen(() => undefined);
      expect(await findSocket(runtime.process)).toBe(runtime.path);
      await expect(findSocket({ ...runtime.process, startTick: '1' })).rejects.toThrow(NoSocketError);
    });

    it('looks where the process has its temporary files', async () => {
      const folder = join(runtime.path, '..');
      delete process.env.TMPDIR;
      await withProcess('', { TMPDIR: folder }, async (pid) => {
        const target = dotnetProcess(pid);
        const path = join(folder, `dotnet-diagnostic-${pid}-${target.startTick}-socket`);
        await withProcess(`require('net').createServer().listen(${JSON.stringify(path)})`, {}, async () => {
          expect(await findSocket(target)).toBe(path);
        });
      });
    });

    it('says that there is none, and what that may mean', async () => {
      await expect(findSocket(runtime.process)).rejects.toThrow(NoSocketError);
      await expect(findSocket(runtime.process)).rejects.toThrow(/no diagnostics socket.*container/);
      await expect(findSocket({ pid: 2 ** 22 + 1, startTick: '1' })).rejects.toThrow(NoSocketError);
    });

    it('says when the runtime has it switched off', async () => {
      await withProcess('', { DOTNET_EnableDiagnostics: '0' }, async (pid) => {
        await expect(findSocket(dotnetProcess(pid))).rejects.toThrow(
          /DOTNET_EnableDiagnostics=0: start it without/,
        );
      });
    });

    it('refuses a symbolic link, even one to the right socket', async () => {
      const real = new FakeRuntime();
      await real.listen(() => undefined);
      symlinkSync(real.path, runtime.path);
      await expect(findSocket(runtime.process)).rejects.toThrow(/is not a socket: remove it/);
      await real.remove();
    });

    it('refuses a plain file', async () => {
      writeFileSync(runtime.path, '');
      await expect(findSocket(runtime.process)).rejects.toThrow(/is not a socket: remove it/);
    });

    asRoot('refuses a socket of another user', async () => {
      await runtime.listen(() => undefined);
      chownSync(runtime.path, 1234, 1234);
      await expect(findSocket(runtime.process)).rejects.toThrow(/another user's: run .* as the same user/);
    });

    asRoot("says when the process is another user's", async () => {
      await withProcess('process.setuid(1234)', {}, async (pid) => {
        await expect(findSocket(dotnetProcess(pid))).rejects.toThrow(
          /as another user: run .* as the same user/,
        );
      });
    });
  });

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
