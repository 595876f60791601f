import { parseEnv } from 'node:util';

/** What stands in one line of a `.env` file, or in several where a value in quotes goes over them. */
export interface EnvStatement {
  /** The number of its first line, from 1. */
  readonly line: number;
  /** What is left of the first `=`, without `export`; null: there is no `=`. */
  readonly name: string | null;
  /** What is right of it, as it is written. */
  readonly raw: string;
  /** The variable of ours that is named left of the `=`, in whatever form; null: none. */
  readonly ours: string | null;
  /** The variable of ours in the next line, when it would be a part of this value because a quote is open. */
  readonly swallows: string | null;
}

const NOTHING = /^\s*(?:#|;|\/\/|export(?:\s+\w+)+\s*$|$)/;
const OUR_NAME = /(?<![A-Za-z0-9_])VS[_-][\w-]*/i;
const OUR_ASSIGNMENT = /^\s*(?:export\s+)?VS_\w+\s*[=:]/i;
const ASSIGNMENT = /^(?:export\s+)?\w+\s*=/;

/**
 * The statements of a `.env` file, without comments. Each is taken for itself: Node's parser would make a line without
 * `=` a part of the next variable's name.
 */
export function envStatements(text: string): EnvStatement[] {
  const lines = text.split(/\r\n|\n|\r/);
  const statements: EnvStatement[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (NOTHING.test(line)) continue;
    const { name, value } = assignment(line);
    const ours = ourName(line);
    const close = closingLine(lines, at, value);
    // A line that is an assignment itself was not meant to be a part of the value.
    const isOther = (inner: string) =>
      OUR_ASSIGNMENT.test(inner) || (ours !== null && ASSIGNMENT.test(inner));
    const inner = lines.slice(at + 1, close + 1).findIndex(isOther);
    const end = inner === -1 ? close : at + inner;
    statements.push({
      line: at + 1,
      name,
      raw: [value, ...lines.slice(at + 1, end + 1)].join('\n'),
      ours,
      swallows: inner === -1 ? null : ourName(lines[end + 1] ?? ''),
    });
    at = end;
  }
  return statements;
}

/** The value that Node's format gives to what stands right of the `=`. */
export function valueOf({ raw }: EnvStatement): string {
  return parseEnv(`VALUE=${raw.trim()}\n`)['VALUE'] ?? '';
}

/** The quote that a value begins with; undefined: none. */
export function openingQuote(raw: string): string | undefined {
  return /^\s*(["'`])/.exec(raw)?.[1];
}

function assignment(line: string): { name: string | null; value: string } {
  const at = line.indexOf('=');
  if (at === -1) return { name: null, value: '' };
  return {
    name: line
      .slice(0, at)
      .replace(/^\s*export\s+/, '')
      .trim(),
    value: line.slice(at + 1),
  };
}

function ourName(line: string): string | null {
  return OUR_NAME.exec(line.split('=', 1)[0] ?? '')?.[0] ?? null;
}

/** The line in which the quote is closed that a value begins with; the value's own line if there is none. */
function closingLine(lines: readonly string[], at: number, value: string): number {
  const quote = openingQuote(value);
  if (quote === undefined || value.trim().includes(quote, 1)) return at;
  const close = lines.findIndex((line, i) => i > at && line.includes(quote));
  return close === -1 ? at : close;
}
