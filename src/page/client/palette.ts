/** A colour of the page's palette, by its custom property, as it is now: it follows the colour scheme. */
export function paletteColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
