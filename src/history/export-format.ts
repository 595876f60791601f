/** Formats of an export. */
export type ExportFormat = 'csv' | 'json';

/** What comes before the first row of an export with these columns. */
export function exportHead(fields: readonly string[], format: ExportFormat): string {
  return format === 'csv' ? `${fields.join(',')}\r\n` : '[';
}

/** Rows as text; `isFirst` when nothing but the head comes before them. In CSV (RFC 4180) null is an empty field. */
export function exportRows<T>(
  fields: readonly (keyof T)[],
  rows: readonly T[],
  format: ExportFormat,
  isFirst: boolean,
): string {
  if (format === 'csv') {
    return rows.map((row) => `${fields.map((field) => csvField(row[field])).join(',')}\r\n`).join('');
  }
  const lines = rows.map((row) => `\n${JSON.stringify(row)}`).join(',');
  return isFirst || lines === '' ? lines : `,${lines}`;
}

/** What comes after the last row. */
export function exportTail(format: ExportFormat): string {
  return format === 'csv' ? '' : '\n]\n';
}

function csvField(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
