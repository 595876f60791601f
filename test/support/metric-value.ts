/** Value of a metric without labels in Prometheus's text; undefined when it is absent. */
export function valueOf(name: string, text: string): number | undefined {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}
