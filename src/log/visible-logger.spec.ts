import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { VisibleLogger } from './visible-logger.js';

describe('VisibleLogger', () => {
  let output: string;

  beforeEach(() => {
    output = '';
    const write = (chunk: unknown) => {
      output += String(chunk);
      return true;
    };
    jest.spyOn(process.stdout, 'write').mockImplementation(write);
    jest.spyOn(process.stderr, 'write').mockImplementation(write);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  const evil = 'a\x1b[31mb\u202e\n[Nest] forged';
  const shown = 'a\\x1b[31mb\\u202e\n  | [Nest] forged';

  it('spells out control characters in all that is logged', () => {
    const logger = new VisibleLogger({ colors: false });
    logger.log(evil, 'Context');
    logger.warn(evil, { note: '\u202e' }, 'Context');
    logger.error(evil, `Error: ${evil}\n    at somewhere (file.js:1:2)`, 'Context');
    logger.fatal(new Error(evil));
    logger.log({ text: '\u202e' });
    // eslint-disable-next-line no-control-regex
    expect(output).not.toMatch(/[\x1b\u202e]/);
    expect(output).not.toMatch(/^\[Nest\] forged/m);
    expect(output.split(shown).length - 1).toBe(5);
    expect(output).toContain('\n  |     at somewhere (file.js:1:2)\n');
  });

  it('keeps its own colours', () => {
    new VisibleLogger({ colors: true }).log(evil, 'Context');
    expect(output).toContain(`\x1b[32m${shown}\x1b[39m`);
  });
});
