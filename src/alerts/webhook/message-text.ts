import { type AlertMessage } from '../alert-message.js';

/** The first line: whose it is and what, `My world: Memory is near its limit`. */
export function titleOf({ server, status, what }: AlertMessage): string {
  const prefix = { firing: '', reminder: 'Still: ', resolved: 'Resolved: ', test: 'Test: ' }[status];
  return `${oneLine(server)}: ${prefix}${oneLine(what)}`;
}

/** What it is about as a part of a sentence, with its number: `memory is near its limit (951 MB, threshold 900 MB)`. */
export function conditionOf({ what, measure }: Pick<AlertMessage, 'what' | 'measure'>): string {
  const text = oneLine(what).replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  if (measure === null) return text;
  return `${text} (${inUnit(measure.value, measure)}, threshold ${inUnit(measure.threshold, measure)})`;
}

/** The facts behind a message, by name: `[['Value', '15000 MB'], …]`. */
export function factsOf({ measure, count, since, status }: AlertMessage): (readonly [string, string])[] {
  return [
    ...(measure === null
      ? []
      : ([
          ['Value', inUnit(measure.value, measure)],
          ['Threshold', inUnit(measure.threshold, measure)],
        ] as const)),
    ...(count > 1 ? ([['How often', String(count)]] as const) : []),
    ...(status === 'test' ? [] : ([['Since', utcTime(since)]] as const)),
  ];
}

function inUnit(value: number, { unit }: NonNullable<AlertMessage['measure']>): string {
  return `${Math.round(value * 10) / 10} ${unit}`;
}

/** A moment as people read it: `2026-11-25 03:12 UTC`. */
function utcTime(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

/** A text of at most so many UTF-16 units, an ellipsis at its end when something is missing; no character is split. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const kept = text.slice(0, maxLength - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** A text without line breaks and other control characters. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

/** The colour of a message, as a number 0xRRGGBB: green when it is over, else by its level. */
export function colourOf({ status, level }: AlertMessage): number {
  if (status === 'resolved') return 0x2e_7d_32;
  return { info: 0x15_65_c0, warning: 0xef_6c_00, error: 0xc6_28_28 }[level];
}
