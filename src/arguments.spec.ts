import { describe, expect, it } from '@jest/globals';
import { ArgumentsError, HELP, readArguments } from './arguments.js';

describe('the command line', () => {
  it.each([
    [[], { action: 'run', demo: false, envFile: null }],
    [['--demo'], { action: 'run', demo: true, envFile: null }],
    [['--env-file', 'a b.env'], { action: 'run', demo: false, envFile: 'a b.env' }],
    [['--env-file=x=y', '--demo'], { action: 'run', demo: true, envFile: 'x=y' }],
    [['--help'], { action: 'help', demo: false, envFile: null }],
    [['-h', '--version'], { action: 'help', demo: false, envFile: null }],
    [['--demo', '-v'], { action: 'version', demo: true, envFile: null }],
  ])('%j is understood', (words, expected) => {
    expect(readArguments(words)).toEqual(expected);
  });

  it.each([
    [['--nope'], '"--nope" is not an option'],
    [['-x'], '"-x" is not an option'],
    [['--no-demo'], '"--no-demo" is not an option'],
    [['--constructor'], '"--constructor" is not an option'],
    [['start'], '"start" is not an option'],
    [['--', '--demo'], '"--demo" is not an option'],
    [['--demo', 'a\nb'], '"a\\nb" is not an option'],
    [['--demo=yes'], '--demo takes no value'],
    [['--env-file'], '--env-file needs a path'],
    [['--env-file='], '--env-file needs a path'],
    [['--env-file', 'a', '--env-file', 'b'], '--env-file is there twice'],
    [['--help', '--nope'], '"--nope" is not an option'],
  ])('%j is refused', (words, problem) => {
    expect(() => readArguments(words)).toThrow(new ArgumentsError(problem));
  });

  it('has each option in its help', () => {
    for (const option of ['--demo', '--env-file', '--version', '--help'])
      expect(HELP).toContain(` ${option} `);
  });
});
