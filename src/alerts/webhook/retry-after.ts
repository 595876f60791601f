import { type IncomingHttpHeaders } from 'node:http';

/**
 * How long an answer asks us to wait, in ms; null when it does not. `Retry-After` (RFC 9110, section 10.2.3) is a number of
 * seconds or a date, which is compared with the answer's own `Date`, since our clock may be wrong. Discord says it in its
 * body, to the millisecond; the longer of the two counts.
 */
export function retryAfterMs(headers: IncomingHttpHeaders, body: string, now: Date): number | null {
  const waits = [fromHeader(headers, now), fromBody(body)].filter((wait) => wait !== null);
  return waits.length === 0 ? null : Math.max(0, ...waits.map(Math.ceil));
}

function fromHeader(headers: IncomingHttpHeaders, now: Date): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return finite(Number(text) * 1000);
  const date = Date.parse(text);
  if (Number.isNaN(date)) return null;
  const theirNow = Date.parse(headers.date ?? '');
  return date - (Number.isNaN(theirNow) ? now.getTime() : theirNow);
}

function fromBody(body: string): number | null {
  try {
    const { retry_after: seconds } = JSON.parse(body) as { retry_after?: unknown };
    return typeof seconds === 'number' ? finite(seconds * 1000) : null;
  } catch {
    return null;
  }
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}
