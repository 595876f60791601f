import { describe, expect, it } from '@jest/globals';
import { envPath, isReference, shellSyntax } from './env-text.js';

const path = envPath('./data');
const allowed = (value: string) => path.safeParse(value).error?.issues.map(({ message }) => message) ?? [];

describe('envPath', () => {
  it('has a default', () => {
    expect(path.parse(undefined)).toBe('./data');
  });

  it.each([
    '/srv/my world',
    './~/data',
    'C:\\Games\\new\\',
    'C:\\PROGRA~1\\vs',
    '\\\\host\\c$\\vs',
    '/srv/100% mine',
    '/srv/Spiel-Übung/世界',
    "/srv/Bob's",
    '/srv/a, b; c #1',
  ])('takes %s', (value) => {
    expect(path.parse(value)).toBe(value);
  });

  it.each(['~', '~/data', '~vs/data', '~\\data'])('refuses %s: nothing replaces ~', (value) => {
    expect(allowed(value)).toEqual([
      'a path without ~, which is not replaced here (a folder that is named so: ./~)',
    ]);
  });

  it.each([
    '$HOME/data',
    '/home/$USER/x',
    '${HOME}/x',
    '$(pwd)/x',
    '`pwd`/x',
    '$env:APPDATA\\x',
    '%APPDATA%\\x',
  ])('refuses %s: nothing replaces it', (value) => {
    expect(allowed(value)).toEqual(['a path that is written out: $NAME and %NAME% are not replaced here']);
  });

  it.each([
    ['\u202AC:\\Games', 1, '202A'],
    ['/srv/a\u00A0b', 7, '00A0'],
    ['/srv/a\u200B', 7, '200B'],
    ['/srv\0/a', 5, '0000'],
    ['/srv\u0085', 5, '0085'],
  ])('refuses an invisible character and says which: %j', (value, at, code) => {
    expect(allowed(value)).toEqual([`no invisible characters (character ${at} is U+${code}): type it anew`]);
  });

  it('refuses a line break', () => {
    expect(allowed('/srv\n/a')).toEqual(['a path without a line break']);
  });
});

describe('shellSyntax', () => {
  it.each([
    'dotnet VintagestoryServer.dll --dataPath /srv/vs --port=42420',
    `"./Vintage Story/server" --dataPath '/srv/my world'`,
    'C:\\PROGRA~1\\vs\\run.exe --listen *:42420',
    'server --name "R&D; a | b > c" --color #ff0000',
    "server --password 'pa$word' --motd '~ 100% ~'",
    'server --password pa\\$word',
    'env VS_X=1 server',
    "sh -c 'cd ~/vs && exec ./server --dataPath $HOME/data >log 2>&1'",
    'bash -lc "cd ~/vs; exec ./server --dataPath $HOME/data | tee log"',
    'cmd.exe /c %APPDATA%\\vs\\run.bat > log',
    'game\n --x\t--y',
  ])('finds nothing in %j', (line) => {
    expect(shellSyntax(line)).toBeNull();
  });

  it.each([
    '~/vs/server',
    'server --dataPath ~/data',
    'server --dataPath=~/data',
    'server "~/data"',
    "server '~/data'",
  ])('finds ~ in %s', (line) => {
    expect(shellSyntax(line)).toBe('paths that are written out: ~ is not replaced here');
  });

  it.each([
    'server $HOME',
    'server "$HOME/x"',
    'server /home/${USER}',
    'server $(pwd)',
    'server %APPDATA%\\x',
  ])('finds a variable in %s', (line) => {
    expect(shellSyntax(line)).toBe(
      "words that are written out: $NAME and %NAME% are not replaced here (what is meant as it is: in ' quotes)",
    );
  });

  it.each([
    'cd /opt/vs && ./server',
    './server | tee log',
    './server > log',
    './server >>log',
    './server 2>&1',
    './server < /dev/null',
    './server &',
    './server; echo',
    './server || true',
    './server # the game',
  ])('finds what only a shell reads in %s', (line) => {
    expect(shellSyntax(line)).toBe(
      "one program and its arguments: no shell reads this (what needs one: sh -c '…')",
    );
  });

  it.each(['server —dataPath /srv', 'server –x', 'server “my world”', 'server --name=‘my world’'])(
    'finds what a word processor made of quotes and dashes in %s',
    (line) => {
      expect(shellSyntax(line)).toBe('plain quotes and dashes (" \' -), not typographic ones');
    },
  );
});

describe('isReference', () => {
  it.each(['$KEY', '${my_key}', '%KEY%'])('%s: yes', (text) => {
    expect(isReference(text)).toBe(true);
  });
  it.each(['$ecret', 'a$KEY', '$KEY1-x', '100%', '%%', '${KEY', '$'])('%s: no', (text) => {
    expect(isReference(text)).toBe(false);
  });
});
