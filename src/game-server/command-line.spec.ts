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
    expect(splitCommandLine(line, 'win32')).toEqual(words);
  });

  it.each<NodeJS.Platform>(['linux', 'darwin'])('takes a backslash for an escape on %s', (platform) => {
    expect(splitCommandLine('./my\\ game "a \\"b\\""', platform)).toEqual(['./my game', 'a "b"']);
  });

  it.each<NodeJS.Platform>(['linux', 'win32'])('throws at a quote that is not closed on %s', (platform) => {
    expect(() => splitCommandLine('game "x', platform)).toThrow();
  });
});
