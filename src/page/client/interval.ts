const numbers = new Intl.NumberFormat(undefined, { useGrouping: false, maximumFractionDigits: 20 });
/** The digits of the browser's locale, from 0 to 9. */
const DIGITS = Array.from({ length: 10 }, (_, digit) => numbers.format(digit));

/** The number of seconds that was typed, or null for anything but digits with one comma or point. */
export function parseInterval(text: string): number | null {
  const typed = DIGITS.reduce((read, digit, value) => read.replaceAll(digit, String(value)), text.trim());
  // Whatever the locale's own is: a comma is what many a keyboard has on its number pad. Arabic has a third one.
  return /^\d+([.,٫]\d+)?$/.test(typed) ? Number(typed.replace(/[,٫]/, '.')) : null;
}

/** A number of seconds as it is typed in the browser's locale; `parseInterval` reads it. */
export function intervalText(seconds: number): string {
  return numbers.format(seconds);
}
