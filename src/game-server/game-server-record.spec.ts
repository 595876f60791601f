import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isAsleep } from '../testing/children.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { waitFor } from '../testing/wait-for.js';
import { groupMembers, hasEnded, idleGame, makeZombie, shellProgram } from '../testing/game-programs.js';
import { processIdentity } from '../process/process-identity.js';
import { GameServerRecord } from './game-server-record.js';

describe('GameServerRecord', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let dataDir: string;
  let file: string;
  let record: GameServerRecord;
  let children: ChildProcess[];

  beforeEach(() => {
    folder = temporaryFolder();
    dataDir = join(folder.path, 'some', 'data');
    file = join(dataDir, 'game-server.json');
    record = new GameServerRecord(dataDir);
    children = [];
  });

  afterEach(async () => {
    jest.useRealTimers();
    for (const child of children) {
      if (child.pid !== undefined && groupMembers(child.pid).length > 0) process.kill(-child.pid, 'SIGKILL');
      await hasEnded(child);
    }
    folder.remove();
  });

  function run([program = '', ...args]: readonly string[]): { child: ChildProcess; pid: number } {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    children.push(child);
    if (child.pid === undefined) throw new Error('no process');
    return { child, pid: child.pid };
  }

  async function end(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    await hasEnded(child);
  }

  /** A leader that has died, and whose group lives on. */
  async function headlessGroup(): Promise<{ pid: number; identity: string }> {
    const ready = join(folder.path, 'ready');
    const { child, pid } = run(shellProgram(`sleep 60 & touch '${ready}'; exec sleep 60`));
    await waitFor(() => existsSync(ready));
    const identity = processIdentity(pid) ?? '';
    await end(child);
    expect(groupMembers(pid)).toHaveLength(1);
    return { pid, identity };
  }

  const alivePid = (of: GameServerRecord) => of.game()?.pid ?? null;

  function write(content: unknown): void {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, JSON.stringify(content));
  }

  it('makes its folder, and remembers a process for as long as that lives', async () => {
    const { child, pid } = run(idleGame);
    expect(alivePid(record)).toBeNull();
    record.save(pid);
    expect(readdirSync(dataDir)).toEqual(['game-server.json', 'metrics.lock']);
    expect(alivePid(new GameServerRecord(dataDir))).toBe(pid);
    await end(child);
    expect(alivePid(record)).toBeNull();
  });

  it('says when the process was started', () => {
    record.save(run(idleGame).pid);
    const { startedAt } = JSON.parse(readFileSync(file, 'utf8')) as { startedAt: string };
    expect(Math.abs(Date.parse(startedAt) - Date.now())).toBeLessThan(5000);
    expect(startedAt).toMatch(/Z$/);
  });

  it('replaces what it remembered', () => {
    const [first, second] = [run(idleGame), run(idleGame)];
    record.save(first.pid);
    record.save(second.pid);
    expect(alivePid(record)).toBe(second.pid);
  });

  it('forgets, also what it never knew', () => {
    record.save(run(idleGame).pid);
    record.clear();
    expect(alivePid(record)).toBeNull();
    expect(readdirSync(dataDir)).toEqual(['metrics.lock']);
    expect(() => {
      record.clear();
    }).not.toThrow();
  });

  it('does not take another process with the same pid for the one remembered', () => {
    const { pid } = run(idleGame);
    write({ pid, identity: processIdentity(process.pid), startedAt: '' });
    expect(alivePid(record)).toBeNull();
  });

  it('remembers the group of a leader that has died', async () => {
    const { pid, identity } = await headlessGroup();
    write({ pid, identity, startedAt: '' });
    expect(alivePid(record)).toBe(pid);
    process.kill(-pid, 'SIGKILL');
    await waitFor(() => groupMembers(pid).length === 0);
    expect(alivePid(record)).toBeNull();
  });

  it('does not take a group with the same number for the one remembered before a reboot', async () => {
    const { pid } = await headlessGroup();
    write({ pid, identity: '11111111-2222-3333-4444-555555555555 100', startedAt: '' });
    expect(alivePid(record)).toBeNull();
  });

  it('takes a zombie for dead', async () => {
    const zombie = await makeZombie();
    try {
      const [bootId] = (processIdentity(process.pid) ?? '').split(' ');
      write({ pid: zombie.pid, identity: `${String(bootId)} 100`, startedAt: '' });
      expect(alivePid(record)).toBeNull();
    } finally {
      await zombie.free();
    }
  });

  it('does not keep a process that has ended already', async () => {
    const { child, pid } = run(idleGame);
    await end(child);
    record.save(pid);
    expect(existsSync(dataDir)).toBe(false);
  });

  it('keeps nothing without a folder', () => {
    const nowhere = new GameServerRecord('');
    nowhere.save(run(idleGame).pid);
    expect(alivePid(nowhere)).toBeNull();
    nowhere.clear();
    expect(existsSync('game-server.json')).toBe(false);
    expect(existsSync('/game-server.json')).toBe(false);
  });

  it('says once that it cannot write, and tries again until it is to forget', () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    const warnings: string[] = [];
    const ignore = () => undefined;
    Logger.overrideLogger({ log: ignore, error: ignore, warn: (text: string) => warnings.push(text) });
    const blocker = join(folder.path, 'some');
    writeFileSync(blocker, 'a file, where the folder should be');
    const { pid } = run(idleGame);
    record.save(pid);
    jest.advanceTimersByTime(5000);
    expect(warnings).toEqual([expect.stringMatching(/cannot be kept in VS_DATA_DIR: .*ENOTDIR/)]);
    rmSync(blocker);
    jest.advanceTimersByTime(1000);
    expect(alivePid(record)).toBe(pid);

    rmSync(blocker, { recursive: true });
    writeFileSync(blocker, 'again');
    record.save(pid);
    record.clear();
    rmSync(blocker);
    jest.advanceTimersByTime(5000);
    expect(existsSync(dataDir)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  describe('is input', () => {
    const goneManager = { pid: 4_000_000, identity: 'gone' };
    let warnings: string[];

    beforeEach(() => {
      warnings = [];
      const ignore = () => undefined;
      Logger.overrideLogger({ log: ignore, error: ignore, warn: (text: string) => warnings.push(text) });
    });

    it.each([1, 0, -1, -4_000, 1.5, 1e12, '1234', null, [2]])('pid %j is refused in words', (pid) => {
      const identity = processIdentity(1);
      write({ pid, identity, startedAt: '', manager: goneManager, boot: identity?.split(' ')[0] });
      expect(record.game()).toBeNull();
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(file);
    });

    it.each<[string, () => void]>([
      [
        'a link',
        () => {
          const { pid } = run(idleGame);
          write({ pid, identity: processIdentity(pid), startedAt: '', manager: goneManager });
          renameSync(file, `${file}.other`);
          symlinkSync(`${file}.other`, file);
        },
      ],
      [
        'a named pipe',
        () => {
          mkdirSync(dataDir, { recursive: true });
          execFileSync('mkfifo', [file]);
        },
      ],
    ])('%s is refused in words', (_, make) => {
      make();
      expect(record.game()).toBeNull();
      expect(warnings).toEqual([expect.stringContaining('cannot be read')]);
    });

    it('a process that does not lead its group is none of ours', () => {
      const child = spawn('sleep', ['60'], { stdio: 'ignore' });
      try {
        const pid = child.pid ?? NaN;
        write({ pid, identity: processIdentity(pid), startedAt: '', manager: goneManager });
        expect(record.game()).toBeNull();
        expect(warnings).toEqual([expect.stringContaining('does not lead its process group')]);
      } finally {
        child.kill('SIGKILL');
      }
    });

    it('a process with a parent that is no first process is left alone', () => {
      const { pid } = run(idleGame);
      write({ pid, identity: processIdentity(pid), startedAt: '', manager: goneManager });
      expect(record.game()).toEqual({ pid, identity: null });
      expect(warnings).toEqual([expect.stringContaining('left alone')]);
    });

    it('a game whose pid was never written is found by its mark, and taken over once its manager has gone', async () => {
      const ready = join(folder.path, 'ready');
      const mark = record.begin();
      // Children inherit the mark, also one that leads a group of its own.
      const child = spawn('sh', ['-c', `setsid sleep 60 & touch '${ready}'; echo $!; exec sleep 60`], {
        detached: true,
        env: { ...process.env, VINTAGESTORY_METRICS_MARK: mark },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      children.push(child);
      const [output] = (await once(child.stdout, 'data')) as [Buffer];
      const daemon = Number(output.toString());
      try {
        const pid = child.pid ?? NaN;
        // A process that is just becoming another program has no environment for a moment.
        await waitFor(() => isAsleep(pid) && isAsleep(daemon));
        expect(new GameServerRecord(dataDir).game()).toEqual({ pid, identity: null });
        write({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), manager: goneManager });
        expect(new GameServerRecord(dataDir).game()).toEqual({ pid, identity: processIdentity(pid) });
      } finally {
        process.kill(daemon, 'SIGKILL');
      }
    });

    it('a start that never came to a process is told, and forbids nothing', () => {
      record.begin();
      expect(new GameServerRecord(dataDir).game()).toBeNull();
      expect(warnings).toEqual([expect.stringContaining('a game was being started')]);
    });

    it('what is of another container cannot be seen', () => {
      record.save(run(idleGame).pid);
      write({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), namespace: 'pid:[1]' });
      expect(new GameServerRecord(dataDir).game()).toBeNull();
      expect(warnings).toEqual([expect.stringContaining('another container')]);
    });
  });
});
