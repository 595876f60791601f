import * as z from 'zod';

// Control characters, no-break and zero-width spaces, marks of the direction of writing.
const INVISIBLE = /[\p{Cc}\u00A0\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u2064\uFEFF]/u;
const REFERENCE = /(?<!\\)\$[A-Za-z_{(]|%[A-Za-z_]\w*%|`/;

/** A variable that holds the path of a file or folder. */
export function envPath(fallback: string) {
  return envText(fallback, (path) => {
    if (path.includes('\n')) return 'a path without a line break';
    if (path.startsWith('~')) {
      return 'a path without ~, which is not replaced here (a folder that is named so: ./~)';
    }
    return REFERENCE.test(path) ? 'a path that is written out: $NAME and %NAME% are not replaced here' : null;
  });
}

/** A variable that holds text; `problem` gives what is allowed when a value is not. */
export function envText(fallback: string, problem: (text: string) => string | null = () => null) {
  return z
    .string()
    .superRefine((text, context) => {
      const message = invisibleIn(text) ?? problem(text);
      if (message !== null) context.addIssue({ code: 'custom', message });
    })
    .default(fallback);
}

/** Says whether all of a text is the name of a variable, as a shell would replace it. */
export function isReference(text: string): boolean {
  return /^(?:\$\{\w+\}|\$[A-Z_][A-Z0-9_]*|%[A-Za-z_]\w*%)$/.test(text);
}

/** What in a command line means something to a shell alone, which does not read it; as what is allowed, or null. */
export function shellSyntax(line: string): string | null {
  // What a shell is given to run is its own affair.
  const own = line.split(/\s(?:-\w*c|\/c|-command)\s/i, 1)[0] ?? '';
  const unquoted = own.replaceAll(/'[^']*'/g, "''");
  const bare = unquoted.replaceAll(/"[^"]*"/g, '""');
  // ~/ in quotes is a path as well: a shell would leave it, and nobody wants a folder of that name.
  if (/(?:^|[\s="'])~[/\\]/.test(own) || /(?:^|[\s=])~(?:\s|$)/.test(bare)) {
    return 'paths that are written out: ~ is not replaced here';
  }
  if (REFERENCE.test(unquoted)) {
    return "words that are written out: $NAME and %NAME% are not replaced here (what is meant as it is: in ' quotes)";
  }
  if (/\s(?:[|&;#]|&&|\|\|)(?:\s|$)|;(?:\s|$)|\s\d?[<>]/.test(bare)) {
    return "one program and its arguments: no shell reads this (what needs one: sh -c '…')";
  }
  if (/(?:^|[\s=])[“”„‘’‚«–—]/.test(bare)) return 'plain quotes and dashes (" \' -), not typographic ones';
  return null;
}

function invisibleIn(text: string): string | null {
  // These separate words.
  const at = text.replaceAll(/[\t\r\n]/g, ' ').search(INVISIBLE);
  if (at === -1) return null;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  return `no invisible characters (character ${at + 1} is U+${code}): type it anew`;
}
