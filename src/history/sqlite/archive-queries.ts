import { IS_TIME, MAX_TIME_MS, MINUTE_MS } from './schema.js';

// Damage may leave text in a column of numbers, and text that is not UTF-8 makes the binding abort the process when it
// is fetched: such rows are left out.
const REAL = (column: string) => `typeof(${column}) = 'real'`;
const REAL_OR_NULL = (column: string) => `typeof(${column}) IN ('real', 'null')`;

/** Raw samples whose values are numbers. */
const SAMPLES = `(SELECT * FROM sample
  WHERE ${REAL('api_memory_mb')} AND ${REAL('api_cpu_percent')}
  AND ${REAL_OR_NULL('game_memory_mb')} AND ${REAL_OR_NULL('game_cpu_percent')})`;

/** Minute rows whose values are numbers. */
const MINUTES = `(SELECT * FROM minute
  WHERE typeof(sample_count) = 'integer' AND typeof(game_sample_count) = 'integer'
  AND ${REAL('api_memory_mb')} AND ${REAL('api_memory_mb_max')}
  AND ${REAL('api_cpu_percent')} AND ${REAL('api_cpu_percent_max')}
  AND ${REAL_OR_NULL('game_memory_mb')} AND ${REAL_OR_NULL('game_memory_mb_max')}
  AND ${REAL_OR_NULL('game_cpu_percent')} AND ${REAL_OR_NULL('game_cpu_percent_max')})`;

/** How many raw samples of a row of `minute` are still kept. */
const KEPT_OF_MINUTE = `(SELECT COUNT(*) FROM sample
  WHERE sample.time_ms >= minute.time_ms AND sample.time_ms < minute.time_ms + ${MINUTE_MS})`;

const SERIES = 'api_memory_mb, api_cpu_percent, game_memory_mb, game_cpu_percent';
const MAXIMA = 'api_memory_mb_max, api_cpu_percent_max, game_memory_mb_max, game_cpu_percent_max';

// Sums, so that a bucket can be put together from several pieces. A sum over nothing is NULL.
const SUMS = `SELECT time_ms / CAST(?3 AS INTEGER) AS bucket,
  SUM(api_memory_mb * sample_count), SUM(api_cpu_percent * sample_count),
  SUM(game_memory_mb * MAX(game_sample_count, 1)), SUM(game_cpu_percent * game_sample_count),
  MAX(api_memory_mb_max), MAX(api_cpu_percent_max), MAX(game_memory_mb_max), MAX(game_cpu_percent_max),
  SUM(sample_count), SUM((game_memory_mb IS NOT NULL) * MAX(game_sample_count, 1)),
  SUM((game_cpu_percent IS NOT NULL) * game_sample_count)`;

/** Buckets from ?1 up to ?2, ?3 wide, of minute rows. */
export const MINUTE_BUCKETS = `
${SUMS} FROM ${MINUTES} AS minute WHERE time_ms >= ?1 AND time_ms < ?2 GROUP BY bucket ORDER BY bucket`;

/** The same of raw samples, and of minute rows for those minutes of which not all samples are kept. */
export const SAMPLE_BUCKETS = `
WITH coarse AS MATERIALIZED (
  SELECT time_ms FROM minute WHERE time_ms > ?1 - ${MINUTE_MS} AND time_ms < ?2 AND sample_count <> ${KEPT_OF_MINUTE}
)
${SUMS} FROM (
  SELECT time_ms, ${SERIES}, api_memory_mb AS api_memory_mb_max, api_cpu_percent AS api_cpu_percent_max,
    game_memory_mb AS game_memory_mb_max, game_cpu_percent AS game_cpu_percent_max,
    1 AS sample_count, game_memory_mb IS NOT NULL AS game_sample_count
  FROM ${SAMPLES} AS sample
  WHERE time_ms >= ?1 AND time_ms < ?2 AND time_ms / ${MINUTE_MS} * ${MINUTE_MS} NOT IN coarse
  UNION ALL
  SELECT time_ms, ${SERIES}, ${MAXIMA}, sample_count, game_sample_count
  FROM ${MINUTES} AS minute WHERE time_ms >= ?1 AND time_ms < ?2 AND time_ms IN coarse
) GROUP BY bucket ORDER BY bucket`;

/** Raw samples from ?1 up to ?2, at most ?4; those at ?1 itself only behind the id ?3: a clock set back gives a time twice. */
export const SAMPLE_PAGE = `
SELECT time_ms, ${SERIES}, id FROM ${SAMPLES} AS sample
WHERE time_ms >= ?1 AND time_ms < ?2 AND (time_ms > ?1 OR id > ?3)
ORDER BY time_ms, id LIMIT CAST(?4 AS INTEGER)`;

/** Minute rows from ?1 up to ?2, at most ?3, and whether all of their samples are kept. */
export const MINUTE_PAGE = `
SELECT time_ms, ${SERIES}, ${MAXIMA}, sample_count, sample_count = ${KEPT_OF_MINUTE}
FROM ${MINUTES} AS minute WHERE time_ms >= ?1 AND time_ms < ?2 ORDER BY time_ms LIMIT CAST(?3 AS INTEGER)`;

/** The ?1 samples that were written last. */
export const NEWEST_SAMPLES = `SELECT time_ms, ${SERIES} FROM ${SAMPLES} WHERE ${IS_TIME}
ORDER BY id DESC LIMIT ?1`;

/** How many samples there are from ?1 up to ?2, counted up to ?3. */
export const COUNT_SAMPLES = `
SELECT COUNT(*) FROM (SELECT 1 FROM sample WHERE time_ms >= ?1 AND time_ms < ?2 LIMIT CAST(?3 AS INTEGER))`;

/** The first and the last time that rows have: minutes first, then samples; NULL without rows. */
export const REACH = `
SELECT
  (SELECT time_ms FROM minute WHERE ${IS_TIME} ORDER BY time_ms LIMIT 1),
  (SELECT time_ms FROM minute WHERE ${IS_TIME} ORDER BY time_ms DESC LIMIT 1),
  (SELECT time_ms FROM sample WHERE ${IS_TIME} ORDER BY time_ms LIMIT 1),
  (SELECT time_ms FROM sample WHERE ${IS_TIME} ORDER BY time_ms DESC LIMIT 1)`;

/** The first time from ?1 on that rows have; NULL without rows. */
export const NEXT_TIME = `
SELECT MIN(time_ms) FROM (
  SELECT (SELECT time_ms FROM minute WHERE time_ms >= ?1 AND time_ms <= ${MAX_TIME_MS} ORDER BY time_ms LIMIT 1) AS time_ms
  UNION ALL
  SELECT (SELECT time_ms FROM sample WHERE time_ms >= ?1 AND time_ms <= ${MAX_TIME_MS} ORDER BY time_ms LIMIT 1))`;
