/** The number of seconds that was typed, or null for anything but digits with one comma or point. */
export function parseInterval(text: string): number | null {
  const typed = text.trim();
  // A comma is what many a keyboard has on its number pad.
  return /^\d+([.,]\d+)?$/.test(typed) ? Number(typed.replace(',', '.')) : null;
}
