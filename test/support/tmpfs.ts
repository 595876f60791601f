import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';

/** A small file system in memory, which can be filled and made read-only. */
export class Tmpfs {
  readonly path = mkdtempSync(join(tmpdir(), 'vsm-tmpfs-'));

  /** Throws when mounting is not allowed. */
  constructor(sizeKb: number) {
    try {
      run('mount', '-t', 'tmpfs', '-o', `size=${sizeKb}k`, 'tmpfs', this.path);
    } catch (error) {
      rmSync(this.path, { recursive: true });
      throw error;
    }
  }

  set readOnly(isReadOnly: boolean) {
    run('mount', '-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, this.path);
  }

  remove(): void {
    run('umount', '-l', this.path);
    rmSync(this.path, { recursive: true });
  }
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'ignore' });
}

/** A `describe` for tests that mount; skipped with a visible line where that is not allowed, a failure with CI=true. */
export function describeWithTmpfs(): typeof describe | typeof describe.skip {
  try {
    new Tmpfs(64).remove();
    return describe;
  } catch {
    const message = 'mounting a tmpfs is not allowed here (it needs root)';
    if (process.env.CI === 'true') throw new Error(message);
    process.stderr.write(`SKIPPED: ${message}\n`);
    return describe.skip;
  }
}
