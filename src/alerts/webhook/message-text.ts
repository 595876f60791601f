import { type AlertMessage } from '../alert-message.js';

/** The first line: whose it is and what, `My world: Memory is near its limit`. */
export function titleOf({ server, status, what }: AlertMessage): string {
  const prefix = { firing: '', reminder: 'Still: ', resolved: 'Resolved: ', test: 'Test: ' }[status];
  return `${oneLine(server)}: ${prefix}${oneLine(what)}`;
}

/** The facts behind a message, by name: `[['Value', '15000 MB'], …]`. */
export function factsOf({ measure, count, since, status }: AlertMessage): (readonly [string, string])[] {
  const inUnit = (value: number) => `${Math.round(value * 10) / 10} ${measure?.unit ?? ''}`;
  return [
    ...(measure === null
      ? []
      : ([
          ['Value', inUnit(measure.value)],
          ['Threshold', inUnit(measure.threshold)],
        ] as const)),
    ...(count > 1 ? ([['How often', String(count)]] as const) : []),
    ...(status === 'test' ? [] : ([['Since', utcTime(since)]] as const)),
  ];
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
