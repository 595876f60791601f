import { describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { dataPathOf } from './data-path.js';

describe('dataPathOf', () => {
  it.each([
    [['dotnet', 'VintagestoryServer.dll', '--dataPath', '/srv/vs'], '/srv/vs'],
    [['./VintagestoryServer', '--dataPath=/srv/my world'], '/srv/my world'],
    [['./VintagestoryServer', '--dataPath', 'data', '--port', '1'], '/opt/vs/data'],
    [['x', '--dataPath', '/one', '--dataPath', '/two'], '/two'],
    [['x', '--dataPath'], null],
    [['x', '--dataPath='], null],
    [['x', '--dataPathology', '/srv'], null],
    [['x'], null],
    [[], null],
  ])('%j: %j', (command, path) => {
    expect(dataPathOf(command, '/opt/vs')).toBe(path === null ? null : resolve(path));
  });
});
