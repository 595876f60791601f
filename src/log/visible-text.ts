// Control and format characters (escape codes, C1, bidi overrides, what is invisible) and the two line separators;
// not the joiners, which several scripts need within words.
const UNSEEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text from anywhere as it may be shown in a log: characters that would do something to a terminal, or hide something,
 * are spelled out (`\x1b`, `\u202e`), and each line after the first begins with a mark, so that none can pass for a log line.
 */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, spellOut).replaceAll('\n', '\n  | ');
}

function spellOut(character: string): string {
  if (character === '\r') return '\\r';
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}
