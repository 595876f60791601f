import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { gameServerConfig } from './game-server.config.js';

const original = process.env;
beforeEach(() => {
  process.env = {};
});
afterAll(() => {
  process.env = original;
});

const defaults = {
  command: [],
  cwd: '.',
  autostart: false,
  restartsOnCrash: false,
  stopCommand: '/stop',
  stopTimeoutMs: 30_000,
  pidFile: '',
  dataDir: './data',
  dataPath: null,
  diskPath: './data',
};

describe('gameServerConfig', () => {
  it('has defaults, and no game server', () => {
    expect(gameServerConfig()).toEqual(defaults);
  });

  it('gives an empty value a meaning for the data folder and the stop command alone', () => {
    Object.assign(process.env, {
      VS_DATA_DIR: '',
      VS_SERVER_COMMAND: '',
      VS_SERVER_CWD: '',
      VS_SERVER_AUTOSTART: '',
      VS_SERVER_STOP_COMMAND: '',
      VS_SERVER_STOP_TIMEOUT: '',
      VS_SERVER_DATA_PATH: '',
      VS_SERVER_RESTART: '',
    });
    expect(gameServerConfig()).toEqual({ ...defaults, dataDir: '', diskPath: null, stopCommand: '' });
  });

  it("knows the folder of the game's data from its command, unless it is named", () => {
    process.env = { VS_SERVER_COMMAND: './VintagestoryServer --dataPath world', VS_SERVER_CWD: '/opt/vs' };
    const world = resolve('/opt/vs/world');
    expect(gameServerConfig()).toMatchObject({ dataPath: world, diskPath: world });
    process.env.VS_SERVER_DATA_PATH = '/srv/vs';
    expect(gameServerConfig()).toMatchObject({ dataPath: '/srv/vs', diskPath: '/srv/vs' });
  });

  it.each([
    [
      'dotnet VintagestoryServer.dll --dataPath /srv/vs',
      ['dotnet', 'VintagestoryServer.dll', '--dataPath', '/srv/vs'],
    ],
    [
      `"./Vintage Story/server" --dataPath '/srv/my world'`,
      ['./Vintage Story/server', '--dataPath', '/srv/my world'],
    ],
    ['server My\\ World  --port=42420', ['server', 'My World', '--port=42420']],
    // No shell: nothing is expanded, piped or cut off. What would be, and is not in quotes, is refused.
    ["server '$HOME' *.dll '|' tee 'log #1'", ['server', '$HOME', '*.dll', '|', 'tee', 'log #1']],
  ])('splits %j as a shell would', (line, command) => {
    process.env.VS_SERVER_COMMAND = line;
    expect(gameServerConfig().command).toEqual(command);
  });

  it.each(['server "never closed', "server 'never closed", 'server \\', '"" x'])(
    'refuses VS_SERVER_COMMAND=%s',
    (line) => {
      process.env.VS_SERVER_COMMAND = line;
      expect(gameServerConfig).toThrow(
        `VS_SERVER_COMMAND=${JSON.stringify(line)} cannot be used; allowed: a program and its arguments, with balanced quotes`,
      );
    },
  );

  it.each([
    ['VS_SERVER_COMMAND', 'server | tee log', 'one program and its arguments'],
    ['VS_SERVER_CWD', '~/game', 'a path without ~'],
    ['VS_SERVER_PID_FILE', '$HOME/game.pid', 'a path that is written out'],
    ['VS_DATA_DIR', '%APPDATA%\\vs', 'a path that is written out'],
    ['VS_SERVER_STOP_COMMAND', '\u200B/stop', 'no invisible characters (character 1 is U+200B)'],
  ])('refuses what would mean something else: %s=%s', (name, value, allowed) => {
    process.env[name] = value;
    expect(gameServerConfig).toThrow(`${name}=${JSON.stringify(value)} cannot be used; allowed: ${allowed}`);
  });

  it('refuses a command together with the pid file of a game that something else runs', () => {
    Object.assign(process.env, { VS_SERVER_COMMAND: 'game', VS_SERVER_PID_FILE: '/run/game.pid' });
    expect(gameServerConfig).toThrow(
      'VS_SERVER_PID_FILE="/run/game.pid" cannot be used; allowed: only without VS_SERVER_COMMAND; unset one of the two',
    );
  });

  it('restarts what crashed when it is told to, and no game that something else runs', () => {
    process.env.VS_SERVER_RESTART = 'always';
    expect(gameServerConfig).toThrow('VS_SERVER_RESTART="always" cannot be used; allowed: never or on-crash');
    process.env.VS_SERVER_RESTART = 'on-crash';
    expect(gameServerConfig().restartsOnCrash).toBe(true);
    process.env.VS_SERVER_PID_FILE = '/run/game.pid';
    expect(gameServerConfig).toThrow(
      'VS_SERVER_RESTART="on-crash" cannot be used; allowed: never, with VS_SERVER_PID_FILE: what runs the game has to restart it',
    );
  });

  it('does not look at the working folder: a mount may come later', () => {
    process.env.VS_SERVER_CWD = '/nowhere/at/all';
    expect(gameServerConfig().cwd).toBe('/nowhere/at/all');
  });

  it.each(['1', 'yes', 'True'])('refuses VS_SERVER_AUTOSTART=%s', (value) => {
    process.env.VS_SERVER_AUTOSTART = value;
    expect(gameServerConfig).toThrow(`VS_SERVER_AUTOSTART="${value}" cannot be used; allowed: true or false`);
  });

  it.each([
    ['0', 0],
    ['0.5', 500],
    ['3600', 3_600_000],
  ])('VS_SERVER_STOP_TIMEOUT=%s means %d ms', (value, stopTimeoutMs) => {
    process.env.VS_SERVER_STOP_TIMEOUT = value;
    expect(gameServerConfig().stopTimeoutMs).toBe(stopTimeoutMs);
  });

  it.each(['abc', '-1', '3601', '30s', 'Infinity'])('refuses VS_SERVER_STOP_TIMEOUT=%s', (value) => {
    process.env.VS_SERVER_STOP_TIMEOUT = value;
    expect(gameServerConfig).toThrow(
      `VS_SERVER_STOP_TIMEOUT="${value}" cannot be used; allowed: 0 to 3600 (seconds)`,
    );
  });
});
