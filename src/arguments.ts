import { parseArgs } from 'node:util';

/** What `--help` prints. */
export const HELP = `Records the memory and CPU of a game server, and serves them on a page, over HTTP and to Prometheus.

Usage: vintagestory-metrics [options]

  --demo           run with a sample game server, instead of the one in .env
  --env-file PATH  read the settings from PATH, instead of from .env
  -v, --version    print the version
  -h, --help       print this

Settings are variables of the environment, which win, or lines of .env in the current folder:
VS_SERVER_COMMAND is the game's command, VS_API_KEY_ADMIN the key for the page. Without a key, one is made and printed.
`;

/** What the command line asks for; `envFile` is null when none is named. */
export interface Arguments {
  readonly action: 'run' | 'help' | 'version';
  readonly demo: boolean;
  readonly envFile: string | null;
}

/** The command line cannot be understood; the message is one line. */
export class ArgumentsError extends Error {
  constructor(problem: string) {
    super(`${problem}; vintagestory-metrics --help lists what there is`);
  }
}

const OPTIONS = {
  demo: { type: 'boolean' },
  'env-file': { type: 'string' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the words behind the program's name; throws an {@link ArgumentsError}. */
export function readArguments(words: readonly string[]): Arguments {
  // Not strict: its errors are several sentences long.
  const { values, tokens } = parseArgs({ args: [...words], options: OPTIONS, strict: false, tokens: true });
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind === 'positional') throw new ArgumentsError(`${quoted(token.value)} is not an option`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (!isOption(name)) throw new ArgumentsError(`${quoted(rawName)} is not an option`);
    const takesValue = OPTIONS[name].type === 'string';
    if (takesValue && (value ?? '') === '') throw new ArgumentsError(`${rawName} needs a path`);
    if (!takesValue && value !== undefined) throw new ArgumentsError(`${rawName} takes no value`);
    if (seen.has(name) && takesValue) throw new ArgumentsError(`${rawName} is there twice`);
    seen.add(name);
  }
  const envFile = values['env-file'];
  return {
    action: seen.has('help') ? 'help' : seen.has('version') ? 'version' : 'run',
    demo: seen.has('demo'),
    envFile: typeof envFile === 'string' ? envFile : null,
  };
}

function isOption(name: string): name is keyof typeof OPTIONS {
  return Object.hasOwn(OPTIONS, name);
}

/** As JSON, so that it stays one line. */
function quoted(word: string): string {
  return JSON.stringify(word);
}
