import { describe, expect, it } from '@jest/globals';
import { splitCommandLine } from './command-line.js';

describe('splitCommandLine', () => {
  it.each([
    [
      'C:\\Games\\VS\\VintagestoryServer.exe --dataPath D:\\world',
      ['C:\\Games\\VS\\VintagestoryServer.exe', '--dataPath', 'D:\\world'],
    ],
    [
      '"C:\\Program Files\\VS\\server.exe" --dataPath "D:\\my world\\"',
      ['C:\\Program Files\\VS\\server.exe', '--dataPath', 'D:\\my world\\'],
    ],
    ["'C:\\Program Files\\new\\server.exe' -x", ['C:\\Program Files\\new\\server.exe', '-x']],
    ['\\\\nas\\games\\server.exe', ['\\\\nas\\games\\server.exe']],
    ['dotnet VintagestoryServer.dll', ['dotnet', 'VintagestoryServer.dll']],
  ])('keeps the backslashes of %s on Windows', (line, words) => {
    expect(splitCommandLine(line, true)).toEqual(words);
  });

  it('takes a backslash for an escape elsewhere', () => {
    expect(splitCommandLine('./my\\ game "a \\"b\\""', false)).toEqual(['./my game', 'a "b"']);
  });

  it.each([false, true])('throws at a quote that is not closed (Windows: %s)', (isWindows) => {
    expect(() => splitCommandLine('game "x', isWindows)).toThrow();
  });
});
