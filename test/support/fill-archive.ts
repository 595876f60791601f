import { sqlite } from './sqlite-shell.js';

/** Puts one sample every `stepMs` into an archive, ending `agoMs` before now; answers with that end. */
export function fillArchive(file: string, count: number, agoMs: number, stepMs = 10_000): number {
  const endMs = Date.now() - agoMs;
  const rows = `WITH RECURSIVE n(i) AS (SELECT ${count} UNION ALL SELECT i - 1 FROM n WHERE i > 1)`;
  sqlite(
    file,
    `BEGIN;
     INSERT INTO sample (time_ms, api_memory_mb, api_cpu_percent)
       ${rows} SELECT ${endMs} - i * ${stepMs}, 100 + i % 7, i % 3 FROM n;
     INSERT OR IGNORE INTO minute (time_ms, sample_count, game_sample_count, api_memory_mb, api_memory_mb_max,
       api_cpu_percent, api_cpu_percent_max)
       SELECT time_ms / 60000 * 60000, COUNT(*), 0, AVG(api_memory_mb), MAX(api_memory_mb), AVG(api_cpu_percent),
         MAX(api_cpu_percent) FROM sample GROUP BY time_ms / 60000 * 60000;
     COMMIT;`,
  );
  return endMs;
}
