import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWith } from '../src/testing/components.js';
import { executable } from '../src/testing/game-programs.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { composeServices } from './support/compose.js';
import { envExample, LONGEST_STOP_SECONDS } from './support/env-example.js';

const UNIT = 'vintagestory-metrics.service';

describeWith('docker-compose', '/usr/bin/docker-compose')('compose.yaml', () => {
  it('is taken, names variables that exist, and gives a game the time to save', () => {
    const services = composeServices({ VS_API_KEY_ADMIN: 'a-key' });
    expect(Object.keys(services).sort()).toEqual(['game', 'manager', 'metrics']);
    for (const { environment = {}, stop_grace_period } of Object.values(services)) {
      expect(Object.keys(environment).filter((name) => !envExample.has(name))).toEqual([]);
      expect(secondsOf(stop_grace_period)).toBeGreaterThan(LONGEST_STOP_SECONDS);
    }
    expect(services.metrics?.pid).toBe('service:game');
  });

  it('is refused without a key', () => {
    expect(() => composeServices({})).toThrow(/write it into the file .env/);
  });
});

describeWith('systemd-analyze', '/usr/bin/systemd-analyze')('the systemd unit', () => {
  const unit = readFileSync(join('examples/systemd', UNIT), 'utf8');
  const valuesOf = (setting: string) =>
    [...unit.matchAll(/^(\w+)=(.*)$/gm)].filter(([, name]) => name === setting).map(([, , value]) => value);

  /** What systemd says of the unit; the program that it starts has to exist. */
  function analyze(text: string, ...args: string[]): { status: number | null; output: string } {
    const folder = temporaryFolder();
    try {
      const node = executable(join(folder.path, 'node'), '#!/bin/sh\n');
      const file = join(folder.path, UNIT);
      writeFileSync(file, text.replace('ExecStart=/usr/bin/node ', `ExecStart=${node} `));
      const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' });
      return { status, output: stdout + stderr };
    } finally {
      folder.remove();
    }
  }

  it('has nothing in it that systemd does not know', () => {
    expect(analyze(unit, 'verify')).toEqual({ status: 0, output: '' });
    const output = analyze(unit.replace('KillMode=process', 'KillMode=gently'), 'verify').output;
    expect(output).toContain('kill mode');
  });

  it('keeps the application from what it does not need', () => {
    // In tenths: 0 is locked in, 100 is free. Without the hardening it is above 90.
    expect(analyze(unit, 'security', '--offline=yes', '--threshold=40').status).toBe(0);
  });

  it('never kills a game that still saves', () => {
    expect(Number(valuesOf('TimeoutStopSec')[0])).toBeGreaterThan(LONGEST_STOP_SECONDS);
    // Any other mode ends a game whose API was killed, "mixed" with SIGKILL.
    expect(valuesOf('KillMode')).toEqual(['process']);
    const variables = valuesOf('Environment').map((value) => value?.split('=')[0] ?? '');
    expect(variables.filter((name) => name.startsWith('VS_') && !envExample.has(name))).toEqual([]);
  });

  it('takes nothing from a game that outlives its API', () => {
    // systemd empties a private /tmp when the API has ended: the socket of the game's .NET runtime would be gone.
    expect(valuesOf('PrivateTmp')).toEqual([]);
    expect(valuesOf('ReadWritePaths').join(' ').split(' ')).toContain('/tmp');
    expect(valuesOf('RuntimeDirectory')).toEqual([]);
    expect(valuesOf('OOMPolicy')).toEqual(['continue']);
  });
});

/** A period as Compose writes it, such as `1m30s`, in seconds. */
function secondsOf(period: string): number {
  const [, minutes = '0', seconds = '0'] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(period) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}
