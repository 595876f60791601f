import { IS_TIME, MAX_TIME_MS, MINUTE_MS } from './schema.js';
import { eachSeries, SERIES_COLUMNS, type SeriesColumns } from './series-columns.js';

// Damage may leave text in a column of numbers, and text that is not UTF-8 makes the binding abort the process when it
// is fetched: such rows are left out.
const REAL = (column: string) => `typeof(${column}) = 'real'`;
const REAL_OR_NULL = (column: string) => `typeof(${column}) IN ('real', 'null')`;

const number = (column: string, isNullable: boolean) => (isNullable ? REAL_OR_NULL(column) : REAL(column));

/** Raw samples whose values are numbers. */
const SAMPLES = `(SELECT * FROM sample
  WHERE ${SERIES_COLUMNS.map(({ value, isNullable }) => number(value, isNullable)).join(' AND ')})`;

/** Minute rows whose values are numbers. */
const MINUTES = `(SELECT * FROM minute
  WHERE typeof(sample_count) = 'integer' AND ${SERIES_COLUMNS.map(
    ({ value, maximum, count, isNullable }) =>
      `${number(value, isNullable)} AND ${number(maximum, isNullable)}` +
      (isNullable ? ` AND typeof(${count}) = 'integer'` : ''),
  ).join(' AND ')})`;

/** How many raw samples of a row of `minute` are still kept. */
const KEPT_OF_MINUTE = `(SELECT COUNT(*) FROM sample
  WHERE sample.time_ms >= minute.time_ms AND sample.time_ms < minute.time_ms + ${MINUTE_MS})`;

const VALUES = eachSeries(({ value }) => value);
const MAXIMA = eachSeries(({ maximum }) => maximum);

/** Counts of the series that may not be known, as further columns. */
const counts = (sql: (columns: SeriesColumns) => string) =>
  SERIES_COLUMNS.map((columns) => (columns.isNullable ? `, ${sql(columns)}` : '')).join('');

// Sums, so that a bucket can be put together from several pieces. A sum over nothing is NULL. How many samples know a value is
// only summed up where that may be fewer than all.
const SUMS = `SELECT time_ms / CAST(?3 AS INTEGER) AS bucket, SUM(sample_count),
  ${eachSeries(({ value, count }) => `SUM(${value} * ${count})`)},
  ${eachSeries(({ maximum }) => `MAX(${maximum})`)},
  ${eachSeries(({ value, count, isNullable }) => (isNullable ? `SUM((${value} IS NOT NULL) * ${count})` : 'NULL'))}`;

/** Buckets from ?1 up to ?2, ?3 wide, of minute rows. */
export const MINUTE_BUCKETS = `
${SUMS} FROM ${MINUTES} AS minute WHERE time_ms >= ?1 AND time_ms < ?2 GROUP BY bucket ORDER BY bucket`;

/** The same of raw samples, and of minute rows for those minutes of which not all samples are kept. */
export const SAMPLE_BUCKETS = `
WITH coarse AS MATERIALIZED (
  SELECT time_ms FROM minute WHERE time_ms > ?1 - ${MINUTE_MS} AND time_ms < ?2 AND sample_count <> ${KEPT_OF_MINUTE}
)
${SUMS} FROM (
  SELECT time_ms, 1 AS sample_count, ${VALUES}, ${eachSeries(({ value, maximum }) => `${value} AS ${maximum}`)}
    ${counts(({ value, count }) => `${value} IS NOT NULL AS ${count}`)}
  FROM ${SAMPLES} AS sample
  WHERE time_ms >= ?1 AND time_ms < ?2 AND time_ms / ${MINUTE_MS} * ${MINUTE_MS} NOT IN coarse
  UNION ALL
  SELECT time_ms, sample_count, ${VALUES}, ${MAXIMA}${counts(({ count }) => count)}
  FROM ${MINUTES} AS minute WHERE time_ms >= ?1 AND time_ms < ?2 AND time_ms IN coarse
) GROUP BY bucket ORDER BY bucket`;

/** Raw samples from ?1 up to ?2, at most ?4; those at ?1 itself only behind the id ?3: a clock set back gives a time twice. */
export const SAMPLE_PAGE = `
SELECT time_ms, id, ${VALUES} FROM ${SAMPLES} AS sample
WHERE time_ms >= ?1 AND time_ms < ?2 AND (time_ms > ?1 OR id > ?3)
ORDER BY time_ms, id LIMIT CAST(?4 AS INTEGER)`;

/** Minute rows from ?1 up to ?2, at most ?3, and whether all of their samples are kept. */
export const MINUTE_PAGE = `
SELECT time_ms, sample_count, sample_count = ${KEPT_OF_MINUTE}, ${VALUES}, ${MAXIMA}
FROM ${MINUTES} AS minute WHERE time_ms >= ?1 AND time_ms < ?2 ORDER BY time_ms LIMIT CAST(?3 AS INTEGER)`;

// As bytes: text that is not UTF-8 makes the binding abort the process.
const EVENTS = `SELECT time_ms, id, CAST(kind AS BLOB), CAST(level AS BLOB), CAST(text AS BLOB), CAST(numbers AS BLOB) FROM event`;

/** The newest events from ?1 up to ?2, at most ?3, newest first. */
export const NEWEST_EVENTS = `
${EVENTS} WHERE time_ms >= ?1 AND time_ms < ?2 ORDER BY time_ms DESC, id DESC LIMIT CAST(?3 AS INTEGER)`;

/** Events from ?1 up to ?2, at most ?4, oldest first; those at ?1 itself only behind the id ?3. */
export const EVENT_PAGE = `
${EVENTS} WHERE time_ms >= ?1 AND time_ms < ?2 AND (time_ms > ?1 OR id > ?3)
ORDER BY time_ms, id LIMIT CAST(?4 AS INTEGER)`;

/**
 * Whether the API was stopped properly as far as the events know, 1 or 0, and the last time that anything was written; no
 * row where no event tells of a run. A kill that was told already is not told again.
 */
export const PREVIOUS_RUN = `
SELECT kind <> 'api_started', MAX(
  COALESCE((SELECT time_ms FROM sample WHERE ${IS_TIME} ORDER BY id DESC LIMIT 1), 0),
  COALESCE((SELECT time_ms FROM event WHERE ${IS_TIME} ORDER BY id DESC LIMIT 1), 0))
FROM event WHERE kind IN ('api_started', 'api_stopped', 'api_killed') ORDER BY id DESC LIMIT 1`;

/** The ?1 samples that were written last. */
export const NEWEST_SAMPLES = `SELECT time_ms, id, ${VALUES} FROM ${SAMPLES} WHERE ${IS_TIME}
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
