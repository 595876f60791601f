import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../test/support/api-process.js';
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

function load(text: string): NodeJS.ProcessEnv {
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

  it('reads a value of several lines', () => {
    expect(load('VS_SERVER_COMMAND="game\n --x"\n').VS_SERVER_COMMAND).toBe('game\n --x');
  });

  it('refuses each line of which a part would be lost, and shows no value', () => {
    const text = [
      'VS_API_KEY_ADMIN=k#verysecret',
      'VS_SERVER_COMMAND="/opt/my game" --dataPath /srv/x',
      "export VS_SERVER_CWD = '/opt' /games",
      'OTHER=a#b',
    ].join('\n');
    const read = () => load(text);
    expect(read).toThrow(EnvError);
    expect(read).toThrow(
      [
        `${path}, line 1: VS_API_KEY_ADMIN has a # in it: put the value in quotes`,
        `${path}, line 2: VS_SERVER_COMMAND goes on after its closing ": put the whole value in quotes of another kind`,
        `${path}, line 3: VS_SERVER_CWD goes on after its closing ': put the whole value in quotes of another kind`,
      ].join('\n'),
    );
    expect(process.env).toEqual({});
  });

  it('says that the file is a folder', () => {
    mkdirSync(path);
    expect(() => {
      loadEnvFile(path);
    }).toThrow(new EnvError([`${path} cannot be read: it is a folder`]));
  });
});
