import { isKey } from './key.js';
import { API_PREFIX, KEY_HEADER } from '../../http/contract.js';

/** Longer, and an answer is not current any more: the API counts as unreachable. */
const TIMEOUT_MS = 8000;

/** The API refused a request, or could not be reached (`status` 0); the message is for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** The key is unknown, or not an admin's. */
  get isKeyRefused(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/**
 * Requests to the API with one key; addresses are relative to the page's files, which may lie
 * under a proxy's sub-path. Also for a worker, which has no document.
 */
export class Api {
  constructor(
    readonly key: string,
    private readonly base: string = import.meta.url,
  ) {}

  /** The `data` of a successful answer; rejects with an ApiError. */
  async request<T>(path: string, method: 'GET' | 'POST' | 'PATCH' = 'GET', body?: unknown): Promise<T> {
    const content =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await this.open(path, { method, signal: AbortSignal.timeout(TIMEOUT_MS), ...content });
    return ((await response.json()) as { data: T }).data;
  }

  /** A successful answer whose body is yet to be read; rejects with an ApiError. */
  async open(path: string, init: RequestInit): Promise<Response> {
    // No header can carry it, or none of ours would.
    if (!isKey(this.key)) throw new ApiError(401, 'This key is not known.');
    const url = new URL(`${API_PREFIX}/${path}`, this.base);
    const headers = { ...(init.headers as Record<string, string> | undefined), [KEY_HEADER]: this.key };
    const response = await fetch(url, { ...init, headers, cache: 'no-store' }).catch(() => {
      throw new ApiError(0, 'The API does not answer.');
    });
    if (!response.ok) throw new ApiError(response.status, await messageOf(response));
    return response;
  }
}

async function messageOf(response: Response): Promise<string> {
  try {
    const { message } = (await response.json()) as { message: string | string[] };
    return Array.isArray(message) ? message.join('; ') : message;
  } catch {
    return `The API answered ${response.status}.`;
  }
}
