import { BUCKET_FIELDS, type MetricsBucket } from './metrics-bucket.js';

/** Formats of an export. */
export type ExportFormat = 'csv' | 'json';

/** What comes before the first row of an export. */
export function exportHead(format: ExportFormat): string {
  return format === 'csv' ? `${BUCKET_FIELDS.join(',')}\r\n` : '[';
}

/** Rows as text; `isFirst` when nothing but the head comes before them. In CSV (RFC 4180) null is an empty field. */
export function exportRows(rows: readonly MetricsBucket[], format: ExportFormat, isFirst: boolean): string {
  if (format === 'csv') return rows.map((row) => `${csvLine(row)}\r\n`).join('');
  const lines = rows.map((row) => `\n${JSON.stringify(row)}`).join(',');
  return isFirst || lines === '' ? lines : `,${lines}`;
}

/** What comes after the last row. */
export function exportTail(format: ExportFormat): string {
  return format === 'csv' ? '' : '\n]\n';
}

function csvLine(row: MetricsBucket): string {
  return BUCKET_FIELDS.map((field) => {
    const value = row[field];
    return value instanceof Date ? value.toISOString() : String(value ?? '');
  }).join(',');
}
