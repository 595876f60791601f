// What the API and its clients agree on. The page has it in its bundle: nothing is imported here.

/** The JSON API's version. */
export const API_VERSION = 'v1alpha1';

/** Where the JSON API lives; the page, health and exporters are outside of it. */
export const API_PREFIX = `api/${API_VERSION}`;

/** The header that carries a key. */
export const KEY_HEADER = 'x-api-key';

/** What a key may be: up to 512 printable ASCII characters without spaces. */
export const KEY_PATTERN = /^[\x21-\x7e]{1,512}$/;

/** How many points of a history may be asked for. */
export const MIN_POINTS = 2;
export const MAX_POINTS = 10_000;

/** How the stream calls a sample. */
export const SNAPSHOT_EVENT = 'snapshot';

/** How the stream calls something that happened. */
export const TIMELINE_EVENT = 'event';

/** How many events one answer may hold. */
export const MAX_EVENTS = 1000;

/** How often the stream says something when there is no sample. */
export const KEEP_ALIVE_MS = 15_000;
