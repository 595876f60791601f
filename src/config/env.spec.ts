import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import {
  addVariable,
  checkSettings,
  envBoolean,
  EnvError,
  envNumber,
  envWarnings,
  isSecretVariable,
  readEnv,
} from './env.js';

const original = process.env;
beforeEach(() => {
  process.env = {};
});
afterAll(() => {
  process.env = original;
});

const schema = z.object({
  TEST_NAME: z.string().default('nobody'),
  TEST_COUNT: envNumber(3, 'a whole number up to 10', (count) => Number.isInteger(count) && count <= 10),
  TEST_FLAG: envBoolean(false),
});

/** The lines of the EnvError that a function throws. */
function linesOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof EnvError) return error.lines;
    throw error;
  }
  throw new Error('no EnvError was thrown');
}

describe('readEnv', () => {
  it('gives the defaults when nothing is set, and leaves the environment as it was', () => {
    expect(readEnv(schema)).toEqual({ TEST_NAME: 'nobody', TEST_COUNT: 3, TEST_FLAG: false });
    expect(process.env).toEqual({});
  });

  it('gives values in the types of the schema, without the space around them', () => {
    Object.assign(process.env, { TEST_NAME: ' someone ', TEST_COUNT: '7', TEST_FLAG: 'true' });
    expect(readEnv(schema)).toEqual({ TEST_NAME: 'someone', TEST_COUNT: 7, TEST_FLAG: true });
  });

  it.each(['', '  '])('takes an empty value (%j) for unset', (empty) => {
    Object.assign(process.env, { TEST_NAME: empty, TEST_COUNT: empty, TEST_FLAG: empty });
    expect(readEnv(schema)).toEqual({ TEST_NAME: 'nobody', TEST_COUNT: 3, TEST_FLAG: false });
  });

  it('keeps an empty value where it has a meaning, and there alone', () => {
    Object.assign(process.env, { TEST_NAME: '', TEST_COUNT: '' });
    expect(readEnv(schema, ['TEST_NAME'])).toEqual({ TEST_NAME: '', TEST_COUNT: 3, TEST_FLAG: false });
  });

  it('reports every bad variable in a line of its own, with its raw value and what is allowed', () => {
    Object.assign(process.env, { TEST_NAME: 'fine', TEST_COUNT: '11', TEST_FLAG: 'yes "please"' });
    const read = () => readEnv(schema);
    expect(linesOf(read)).toEqual([
      'TEST_COUNT="11" cannot be used; allowed: a whole number up to 10',
      'TEST_FLAG="yes \\"please\\"" cannot be used; allowed: true or false',
    ]);
    expect(read).toThrow(linesOf(read).join('\n'));
  });

  it('never prints the value of a key', () => {
    process.env.VS_API_KEY_ADMIN = 'hunter2 with spaces';
    const lines = linesOf(() =>
      readEnv(z.object({ VS_API_KEY_ADMIN: z.string().regex(/^\S+$/, 'no spaces') })),
    );
    expect(lines).toEqual(['VS_API_KEY_ADMIN=(value not shown) cannot be used; allowed: no spaces']);
  });
});

describe('envNumber', () => {
  const read = (value: string) => {
    process.env.TEST_NUMBER = value;
    return readEnv(z.object({ TEST_NUMBER: envNumber(1, 'any', () => true) })).TEST_NUMBER;
  };

  it.each([
    ['0', 0],
    ['007', 7],
    ['0.25', 0.25],
  ])('reads %j', (value, number) => {
    expect(read(value)).toBe(number);
  });

  // Number() would take every one of these but the last three.
  it.each(['1e9', '0x10', '-1', '+1', 'Infinity', '.5', '5.', '1,5', '10s', 'NaN'])('refuses %j', (value) => {
    expect(() => read(value)).toThrow(EnvError);
  });
});

describe('envBoolean', () => {
  it.each(['1', 'yes', 'on', 'TRUE', 'False'])('refuses %j', (value) => {
    process.env.TEST_FLAG = value;
    expect(() => readEnv(schema)).toThrow(`TEST_FLAG="${value}" cannot be used; allowed: true or false`);
  });
});

describe('checkSettings', () => {
  const readCount = () => readEnv(schema.pick({ TEST_COUNT: true }));
  const readFlag = () => readEnv(schema.pick({ TEST_FLAG: true }));

  it('collects the bad variables of all modules', () => {
    Object.assign(process.env, { TEST_COUNT: 'abc', TEST_FLAG: 'maybe' });
    expect(
      linesOf(() => {
        checkSettings([readCount, readFlag]);
      }),
    ).toEqual([
      'TEST_COUNT="abc" cannot be used; allowed: a whole number up to 10',
      'TEST_FLAG="maybe" cannot be used; allowed: true or false',
    ]);
  });

  it('reports a variable that two modules read once', () => {
    process.env.TEST_COUNT = 'abc';
    expect(
      linesOf(() => {
        checkSettings([readCount, readCount]);
      }),
    ).toHaveLength(1);
  });

  it('says nothing when all is well', () => {
    expect(() => {
      checkSettings([readCount, readFlag]);
    }).not.toThrow();
  });

  it('lets through an error that is not about a variable', () => {
    const defect = new TypeError('a defect');
    expect(() => {
      checkSettings([
        () => {
          throw defect;
        },
      ]);
    }).toThrow(defect);
  });
});

describe('addVariable', () => {
  const lines = () => linesOf(() => readEnv(schema));

  it('leaves what the environment has, also when it is empty', () => {
    Object.assign(process.env, { TEST_NAME: '', TEST_COUNT: '2' });
    addVariable('TEST_NAME', 'someone', 'file, line 1');
    addVariable('TEST_COUNT', '3', 'file, line 2');
    addVariable('TEST_FLAG', 'true', 'file, line 3');
    expect(process.env).toEqual({ TEST_NAME: '', TEST_COUNT: '2', TEST_FLAG: 'true' });
  });

  it('lets a message say where a value that cannot be used stands, as long as it is that value', () => {
    addVariable('TEST_COUNT', '11', 'file, line 2');
    const message = 'TEST_COUNT="11" cannot be used; allowed: a whole number up to 10';
    expect(lines()).toEqual([`file, line 2: ${message}`]);
    process.env.TEST_COUNT = '12';
    expect(lines()).toEqual([message.replace('11', '12')]);
  });
});

describe('envWarnings', () => {
  const names = ['VS_API_PORT', 'VS_API_KEY_ADMIN', 'VS_DATA_DIR', 'VS_SERVER_COMMAND'];
  const warnings = (variables: Record<string, string>) => {
    Object.assign(process.env, variables);
    readEnv(z.object(Object.fromEntries(names.map((name) => [name, z.string().optional()]))));
    return envWarnings();
  };

  it('names variables of our prefix, in any case, that nothing has read', () => {
    expect(warnings({ VS_API_PORT: '1', VS_api_port: '1', vs_data_dir: '1', OTHER: '1' })).toEqual([
      'Variables that are not known here, and do nothing: VS_api_port, vs_data_dir',
    ]);
  });

  it.each([
    ['VS_API_KEY_ADMIN', '"secret"'],
    ['VS_API_KEY_ADMIN', "'secret'"],
    ['VS_DATA_DIR', '"./data"'],
    ['VS_DATA_DIR', '`./data` '],
    ['VS_DATA_DIR', '“./data”'],
    ['VS_SERVER_COMMAND', '"dotnet VintagestoryServer.dll --dataPath /srv/vs"'],
  ])('warns of quotes that are a part of the value, and shows none: %s=%s', (name, value) => {
    expect(warnings({ [name]: value })).toEqual([
      `${name} begins and ends with quotes, which are a part of its value here: leave them out`,
    ]);
  });

  it('warns of a comment that is a part of the value', () => {
    expect(warnings({ VS_DATA_DIR: './data # where state is kept' })).toEqual([
      'VS_DATA_DIR has a # in its value, which begins no comment here: leave it out',
    ]);
  });

  it.each([
    ['VS_API_KEY_ADMIN', 'a"secret"'],
    ['VS_API_KEY_ADMIN', '"'],
    ['VS_API_KEY_ADMIN', '"\''],
    ['VS_DATA_DIR', '/srv/world #1'],
    ['VS_SERVER_COMMAND', '"/opt/my game/run"'],
    ['VS_SERVER_COMMAND', '"/opt/my game/run" --name "my world"'],
    ['VS_OTHER_PROGRAM', '"it reads this"'],
  ])('says nothing about %s=%s', (name, value) => {
    expect(warnings({ [name]: value }).filter((line) => !line.includes('not known'))).toEqual([]);
  });
});

describe('isSecretVariable', () => {
  it.each([
    ['VS_API_KEY_ADMIN', true],
    ['VS_API_KEY_MONITOR', true],
    ['vs_api_key_admin', true],
    ['VS_APIKEY', true],
    ['VS_ALERT_WEBHOOK', true],
    ['vs_alerts_web_hook', true],
    ['VS_WEBHOOK', true],
    ['VS_API_PORT', false],
    ['VS_ALERT_FOR', false],
  ])('%s: %s', (name, isSecret) => {
    expect(isSecretVariable(name)).toBe(isSecret);
  });
});
