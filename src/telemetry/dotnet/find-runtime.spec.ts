import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { processOf } from '../../testing/dotnet.js';
import { FakeRuntime } from '../../testing/fake-runtime.js';
import { waitFor } from '../../testing/wait-for.js';
import {
  dotnetProcess,
  type DotnetProcess,
  findRuntime,
  findSocket,
  NoSocketError,
  NotDotnetError,
} from './find-runtime.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const asRoot = process.geteuid?.() === 0 ? it : it.skip;

onLinux('where a runtime is found', () => {
  let runtime: FakeRuntime;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    runtime = new FakeRuntime().useFolder();
  });
  afterEach(async () => {
    await runtime.remove();
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  /** A process that runs a script; `name` is what it says that it is. */
  async function run(
    script: string,
    env: Record<string, string> = {},
    name = 'node',
  ): Promise<DotnetProcess> {
    const child = spawn(process.execPath, ['-e', `${script}; console.log(); setInterval(() => 0, 1e6)`], {
      argv0: name,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout, 'data');
    return processOf(child.pid ?? 0);
  }

  const pathIn = (folder: string, { pid, startTick }: DotnetProcess) =>
    join(folder, `dotnet-diagnostic-${pid}-${startTick}-socket`);

  /** A script that opens the socket of a runtime for itself. */
  const OPENS_SOCKET = `
    const stat = require('fs').readFileSync('/proc/self/stat', 'utf8');
    const tick = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    require('net').createServer().listen(process.env.TMPDIR + '/dotnet-diagnostic-' + process.pid + '-' + tick + '-socket');`;

  describe('dotnetProcess', () => {
    it('tells the start tick of a process that lives', async () => {
      const target = await run('');
      expect(dotnetProcess(target.pid)).toEqual(target);
      expect(dotnetProcess(2 ** 22 + 1)).toBeNull();
    });
  });

  describe('findSocket', () => {
    it('finds the socket of exactly this process', async () => {
      await runtime.listen(() => undefined);
      expect(await findSocket(runtime.process)).toBe(runtime.path);
      await expect(findSocket({ ...runtime.process, startTick: 1 })).rejects.toThrow(NotDotnetError);
    });

    it('looks where the process has its temporary files', async () => {
      const folder = dirname(runtime.path);
      delete process.env.TMPDIR;
      const target = await run(OPENS_SOCKET, { TMPDIR: folder });
      expect(await findSocket(target)).toBe(pathIn(folder, target));
    });

    it.each([
      ['dotnet', 'dotnet'],
      ['/usr/bin/dotnet', '/usr/bin/dotnet'],
      ['a program with its code beside it', 'Server'],
    ])('says that there is none, and what that may mean, when %s runs', async (_, name) => {
      writeFileSync(join(dirname(runtime.path), 'Server.dll'), '');
      const target = await run('', {}, name === 'Server' ? join(dirname(runtime.path), name) : name);
      await expect(findSocket(target)).rejects.toThrow(NoSocketError);
      await expect(findSocket(target)).rejects.toThrow(/no diagnostics socket.*container/);
    });

    it('knows what is no .NET program, also where the runtime would be switched off', async () => {
      const target = await run('', { DOTNET_EnableDiagnostics: '0' });
      await expect(findSocket(target)).rejects.toThrow(NotDotnetError);
      await expect(findSocket({ pid: 2 ** 22 + 1, startTick: 1 })).rejects.toThrow(NotDotnetError);
    });

    it('says when the runtime has it switched off', async () => {
      const target = await run('', { DOTNET_EnableDiagnostics: '0' }, 'dotnet');
      await expect(findSocket(target)).rejects.toThrow(/DOTNET_EnableDiagnostics=0: start it without/);
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
      const target = await run('process.setuid(1234)', {}, 'dotnet');
      await expect(findSocket(target)).rejects.toThrow(/as another user: run .* as the same user/);
    });
  });

  describe('findRuntime', () => {
    const wrapperOf = (program: string, name: string) =>
      `const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(`${program}; setInterval(() => 0, 1e6)`)}],
        { argv0: ${JSON.stringify(name)}, stdio: ['pipe', 'ignore', 'inherit'] });
      // The program ends with its wrapper, however that ends.
      child.on('spawn', () => console.log(child.pid))`;

    it('is that of the process itself', async () => {
      await runtime.listen(() => undefined);
      expect(await findRuntime(runtime.process)).toEqual({ process: runtime.process, path: runtime.path });
    });

    it('is that of a descendant, behind one that is no .NET program', async () => {
      const endsWithWrapper = `process.stdin.on('end', () => process.exit()).resume();`;
      const inner = wrapperOf(endsWithWrapper + OPENS_SOCKET, 'node');
      const folder = dirname(runtime.path);
      const target = await run(wrapperOf(endsWithWrapper + inner, 'node'), { TMPDIR: folder });
      const find = () => findRuntime(target);
      await waitFor(() =>
        find().then(
          () => true,
          () => false,
        ),
      );
      const found = await find();
      expect(found.process.pid).not.toBe(target.pid);
      expect(found.path).toBe(pathIn(folder, found.process));
    });

    it('is not there when none of them is a .NET program', async () => {
      const target = await run(wrapperOf(`process.stdin.on('end', () => process.exit()).resume()`, 'node'));
      await expect(findRuntime(target)).rejects.toThrow(NotDotnetError);
    });

    it('says why a descendant that is one cannot be asked', async () => {
      const target = await run(wrapperOf(`process.stdin.on('end', () => process.exit()).resume()`, 'dotnet'));
      // A process that is just becoming another program has no command for a moment.
      await waitFor(() =>
        findRuntime(target).then(
          () => false,
          (error: unknown) => error instanceof NoSocketError,
        ),
      );
    });
  });
});
