/** The JSON API's version. */
export const API_VERSION = 'v1alpha1';

/** Where the JSON API lives; the page, health and exporters are outside of it. */
export const API_PREFIX = `api/${API_VERSION}`;

/** The body of every success. */
export interface Success<T> {
  readonly status: 'ok';
  readonly data: T;
}

/** Wraps an answer in the body of a success. */
export function ok<T>(data: T): Success<T> {
  return { status: 'ok', data };
}
