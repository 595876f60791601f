/** The body of every success. */
export interface Success<T> {
  readonly status: 'ok';
  readonly data: T;
}

/** Wraps an answer in the body of a success. */
export function ok<T>(data: T): Success<T> {
  return { status: 'ok', data };
}

/** The body of a success as JSON, put together from pieces of an answer that is JSON already. */
export function okJson(...data: readonly (string | Uint8Array)[]): Buffer {
  const pieces = ['{"status":"ok","data":', ...data, '}'];
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}
