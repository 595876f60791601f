import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { makeFolder } from './data-dir.js';

describe('makeFolder', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  it('makes what is missing of a path, and leaves what is there', () => {
    const path = join(folder.path, 'some', 'data');
    makeFolder(path);
    expect(existsSync(path)).toBe(true);
    makeFolder(path);
  });

  it('throws where a file is in the way, and where nobody can make one', () => {
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    expect(() => {
      makeFolder(join(file, 'data'));
    }).toThrow('ENOTDIR');
    expect(() => {
      makeFolder('/proc/none/data');
    }).toThrow('ENOENT');
  });
});
