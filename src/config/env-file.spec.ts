import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { EnvError } from './env.js';
import { loadEnvFile } from './env-file.js';

const original = process.env;
let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  process.env = {};
  folder = temporaryFolder();
  path = join(folder.path, '.env');
});
afterEach(() => {
  folder.remove();
});
afterAll(() => {
  process.env = original;
});

function load(text: string | Buffer): NodeJS.ProcessEnv {
  writeFileSync(path, text);
  loadEnvFile(path);
  return process.env;
}

describe('loadEnvFile', () => {
  it('adds what the environment does not have, also behind a byte order mark', () => {
    process.env.VS_API_PORT = '81';
    expect(load('\uFEFFVS_API_HOST=::1\r\nVS_API_PORT=80\r\n')).toEqual({
      VS_API_HOST: '::1',
      VS_API_PORT: '81',
    });
  });

  it('takes the example as it stands', () => {
    loadEnvFile('.env.example');
    expect(process.env).toMatchObject({ VS_API_PORT: '8080', VS_SERVER_STOP_COMMAND: '/stop' });
  });

  it('does nothing without a file', () => {
    loadEnvFile(path);
    expect(process.env).toEqual({});
  });

  it.each([
    ['game --name world # a comment', 'game --name world'],
    ['"game" # a comment', 'game'],
    [`'"my game" --name "a #1 world"' # a comment`, '"my game" --name "a #1 world"'],
    [`game --path '/srv/my world'`, `game --path '/srv/my world'`],
    ['# nothing', ''],
    ['', ''],
  ])('reads %s', (text, value) => {
    expect(load(`VS_SERVER_COMMAND=${text}\n`)).toEqual({ VS_SERVER_COMMAND: value });
  });

  it.each([
    ['spaces, tabs and no-break spaces around a name', '\t VS_API_PORT\u00A0\t=\t80 '],
    ['export', 'export VS_API_PORT=80'],
    ['export and more than one space', '  export \t VS_API_PORT = "80"'],
    ['an export without a value beside it', 'VS_API_PORT=80\nexport VS_API_PORT OTHER'],
    ['line ends of Windows', 'VS_API_PORT=80\r\n'],
    ['line ends of an old Mac', '# a comment\rVS_API_PORT=80\r# the end'],
    ['a byte order mark where two files were joined', '#\n\uFEFFVS_API_PORT=80'],
    ['comments of other formats', '; it\'s VS_DATA_DIR=x\n// "VS_DATA_DIR=x\nVS_API_PORT=80'],
    ['characters that are not UTF-8 in a comment', Buffer.from('# gr\xfc\xdfe\nVS_API_PORT=80', 'latin1')],
    ['the same value twice', 'VS_API_PORT=80\nVS_API_PORT="80"'],
    ['an empty value that is filled in below', 'VS_API_PORT=\nVS_API_PORT=80'],
  ])('reads %s', (_, text) => {
    expect(load(text)).toEqual({ VS_API_PORT: '80' });
  });

  it.each([
    ['VS_DATA_DIR=C:\\data\\', 'C:\\data\\'],
    ["VS_DATA_DIR='C:\\new\\data'", 'C:\\new\\data'],
    ['VS_DATA_DIR="C:\\Games\\" # it ends with a backslash', 'C:\\Games\\'],
    ["VS_DATA_DIR=Bob's data", "Bob's data"],
    ['VS_DATA_DIR=a=b', 'a=b'],
    ["VS_DATA_DIR='a; VS_API_PORT=1;'", 'a; VS_API_PORT=1;'],
    ['VS_DATA_DIR="#1"', '#1'],
    ['VS_DATA_DIR=./Welten-Übung', './Welten-Übung'],
  ])('takes %s as it stands', (text, value) => {
    expect(load(text)).toEqual({ VS_DATA_DIR: value });
  });

  it('reads a value of several lines, of ours and of others', () => {
    const text = [
      'VS_SERVER_COMMAND="game',
      ' --x"',
      "OTHER_KEY='-----BEGIN KEY-----",
      'MIIE==',
      "-----END KEY-----'",
      'VS_API_PORT=80',
    ];
    expect(load(text.join('\n'))).toEqual({
      VS_SERVER_COMMAND: 'game\n --x',
      OTHER_KEY: '-----BEGIN KEY-----\nMIIE==\n-----END KEY-----',
      VS_API_PORT: '80',
    });
  });

  it('takes variables that are not ours as Node does, the last of several too', () => {
    const text = 'A=a#b\nB="b" c\nC=1\nC=2\nD="d\nE=$HOME\nprogram.files(x86)=C:\\x';
    const read = { A: 'a', B: 'b', C: '2', D: '"d', E: '$HOME', 'program.files(x86)': 'C:\\x' };
    expect(load(text)).toEqual(read);
  });

  /** The messages for a file, without the place where each begins. */
  function refusals(text: string | Buffer): string[] {
    let message = '';
    try {
      load(text);
    } catch (error) {
      if (!(error instanceof EnvError)) throw error;
      message = error.message;
    }
    expect(process.env).toEqual({});
    expect(message).not.toContain('verysecret');
    return message.split('\n').map((line) => line.replace(`${path}, `, ''));
  }

  const NOT_CLOSED = 'opens a quote (") and does not close it: close it at the end of the value';

  it('refuses each line of which a part would be lost, and shows no value', () => {
    const text = [
      'VS_API_KEY_ADMIN=k#verysecret',
      'VS_SERVER_COMMAND="/opt/my game" --dataPath /srv/x',
      "export VS_SERVER_CWD = '/opt' /games",
      'OTHER=a#b',
      'VS_API_KEY_MONITOR=#verysecret',
    ];
    expect(refusals(text.join('\n'))).toEqual([
      'line 1: VS_API_KEY_ADMIN has a # in it: put the value in quotes',
      'line 2: VS_SERVER_COMMAND goes on after its closing ": put the whole value in quotes of another kind',
      "line 3: VS_SERVER_CWD goes on after its closing ': put the whole value in quotes of another kind",
      'line 5: VS_API_KEY_MONITOR has a # in it: put the value in quotes',
    ]);
  });

  it('refuses a quote that is not closed, alone or before another quote swallows what is between', () => {
    expect(refusals('VS_DATA_DIR="./data')).toEqual([`line 1: VS_DATA_DIR ${NOT_CLOSED}`]);
    expect(refusals('VS_DATA_DIR="./data\nVS_API_KEY_ADMIN="verysecret"\nVS_API_PORT=80')).toEqual([
      `line 1: VS_DATA_DIR ${NOT_CLOSED}`,
    ]);
    expect(refusals('VS_SERVER_COMMAND="game\nDOTNET_gcServer=1\nMOTD="hi"')).toEqual([
      `line 1: VS_SERVER_COMMAND ${NOT_CLOSED}`,
    ]);
    expect(refusals('OTHER="x\n\nexport VS_API_KEY_ADMIN="verysecret"')).toEqual([
      'line 1: a quote is opened here and not closed before VS_API_KEY_ADMIN: close it at the end of the value',
    ]);
  });

  it.each([
    'VS_API_KEY_ADMIN: verysecret',
    'VS_API_KEY_ADMIN: "verysecret="',
    'VS_API_KEY_ADMIN verysecret',
    'set VS_API_KEY_ADMIN=verysecret',
    'SET "VS_API_KEY_ADMIN=verysecret"',
    'setx VS_API_KEY_ADMIN verysecret',
    '$env:VS_API_KEY_ADMIN="verysecret"',
    '$env:VS_API_KEY_ADMIN = "verysecret"',
    'EXPORT VS_API_KEY_ADMIN=verysecret',
    'declare -x VS_API_KEY_ADMIN="verysecret"',
    '- VS_API_KEY_ADMIN=verysecret',
    '-e VS_API_KEY_ADMIN=verysecret',
    'ENV VS_API_KEY_ADMIN=verysecret',
    '"VS_API_KEY_ADMIN": "verysecret",',
    "'VS_API_KEY_ADMIN'=verysecret",
    'VS-API-KEY-ADMIN=verysecret',
    'VS_API_KEY_ADMIN+=verysecret',
    'VS_API_KEY_ADMIN:=verysecret',
    'VS_API_KEY_ADMIN\uFF1Dverysecret',
    'VS_API_KEY_ADMIN\u200B=verysecret',
    'VS_API_KEY_ADMIN',
  ])('refuses %s', (line) => {
    const name = line.includes('-API') ? 'VS-API-KEY-ADMIN' : 'VS_API_KEY_ADMIN';
    expect(refusals(`${line}\nVS_API_PORT=80`)).toEqual([
      `line 1: ${name} is not set like this: write VS_API_KEY_ADMIN=value`,
    ]);
  });

  it.each([
    ['“verysecret”', 'begins with a typographic quote: use " or \''],
    ['=verysecret', 'has two = after its name: put the value in quotes if it begins with ='],
    ['verysecret;', 'ends with a semicolon: leave it out, or put the value in quotes'],
    [
      'verysecret; export VS_API_KEY_ADMIN;',
      'ends with a semicolon: leave it out, or put the value in quotes',
    ],
    ['verysecret \\', 'ends with \\, but does not go on in the next line: write it in one'],
    [
      'verysecret VS_API_PORT=80',
      'has another variable in its line: give that a line of its own, or put the value in quotes',
    ],
    ['"C:\\new\\verysecret"', "has \\n in it, which is a line break in such quotes: use ' instead"],
  ])('refuses the value %s', (value, problem) => {
    expect(refusals(`VS_API_KEY_ADMIN=${value}\n`)).toEqual([`line 1: VS_API_KEY_ADMIN ${problem}`]);
  });

  it.each([
    '--dataPath verysecret',
    '--dataPath=verysecret',
    'OTHER: verysecret',
    'set OTHER=verysecret',
    '=x',
  ])('refuses a line that sets nothing: %s', (line) => {
    expect(refusals(`VS_API_PORT=80\n${line}\nVS_DATA_DIR=x`)).toEqual([
      'line 2: neither NAME=value nor a comment, which begins with #; a value of several lines needs quotes around it',
    ]);
  });

  it('refuses two different values of one variable of ours', () => {
    expect(refusals('VS_API_PORT=80\nVS_DATA_DIR=a\nVS_API_PORT=81\nexport VS_DATA_DIR=')).toEqual([
      'line 3: VS_API_PORT has another value in line 1: remove one of the two',
      'line 4: VS_DATA_DIR has another value in line 2: remove one of the two',
    ]);
  });

  it('refuses characters that are not UTF-8 in a variable of ours', () => {
    expect(refusals(Buffer.from('VS_DATA_DIR=./\xdcbung\nOTHER=\xdc\n', 'latin1'))).toEqual([
      'line 1: VS_DATA_DIR has characters that are not UTF-8: save the file as UTF-8',
    ]);
  });

  const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16();
  it.each([
    ['FF FE', Buffer.from('\uFEFFVS_API_PORT=80\r\n', 'utf16le')],
    ['FE FF', swapped('\uFEFFVS_API_PORT=80\r\n')],
  ])('refuses UTF-16 that begins with %s', (_, bytes) => {
    expect(refusals(bytes)).toEqual([
      `${path} is UTF-16 text, as PowerShell's > writes it: save it as UTF-8`,
    ]);
  });

  it.each([
    ['UTF-16 without a mark', Buffer.from('VS_API_PORT=80', 'utf16le')],
    ['the other kind', swapped('VS_API_PORT=80')],
    ['a file that a crash has filled up', 'VS_API_PORT=80\n\0\0\0'],
  ])('refuses NUL bytes: %s', (_, bytes) => {
    expect(refusals(bytes)).toEqual([
      `${path} has NUL bytes in it, so it is UTF-16 text or damaged: save it as UTF-8`,
    ]);
  });

  it('says where the file is when it is not read', () => {
    const read = () => {
      loadEnvFile(path);
    };
    writeFileSync(`${path}.txt`, 'VS_API_PORT=80');
    expect(read).toThrow(new EnvError([`${path}.txt is not read: rename it to ${path}`]));
    symlinkSync('nowhere', path);
    expect(read).toThrow(new EnvError([`${path} is a link to a file that is not there`]));
  });

  it('says that the file is a folder', () => {
    mkdirSync(path);
    expect(() => {
      loadEnvFile(path);
    }).toThrow(new EnvError([`${path} cannot be read: it is a folder`]));
  });
});
