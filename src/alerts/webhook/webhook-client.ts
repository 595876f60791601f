import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { retryAfterMs } from './retry-after.js';
import { failureText, remedyFor } from './webhook-failure.js';
import { type WebhookRequest } from './webhook-request.js';

const TIME_LIMIT_MS = 10_000;
/** What is read of an answer's body. */
const MAX_BODY_BYTES = 16 * 1024;

/** What became of one attempt. No text of it holds the receiver's address. */
export type WebhookAnswer =
  | { readonly kind: 'taken' }
  /** It may work later; `afterMs`: what the receiver asks us to wait. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs: number | null }
  /** It will not work by itself; `why` says what to do. */
  | { readonly kind: 'refused'; readonly why: string };

/**
 * Sends one POST to a receiver; resolves with what became of it within 10 s, or as soon as `signal` says stop, and never
 * rejects. Redirects are not followed. Not by `fetch`: its errors tell the address, and it refuses some ports.
 */
export async function postWebhook(
  address: URL,
  request: WebhookRequest,
  { signal, timeLimitMs = TIME_LIMIT_MS }: { signal?: AbortSignal; timeLimitMs?: number } = {},
): Promise<WebhookAnswer> {
  const timeLimit = new AbortController();
  const timer = setTimeout(() => {
    timeLimit.abort();
  }, timeLimitMs);
  const either = AbortSignal.any([timeLimit.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    const response = await send(address, request, either);
    try {
      return await answerOf(response);
    } finally {
      response.destroy();
    }
  } catch (error) {
    const why = timeLimit.signal.aborted ? `no answer within ${timeLimitMs / 1000} s` : failureText(error);
    return { kind: 'later', why, afterMs: null };
  } finally {
    clearTimeout(timer);
  }
}

function send(
  address: URL,
  { headers, body }: WebhookRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sendTo = address.protocol === 'https:' ? requestHttps : requestHttp;
    const outgoing = sendTo(address, {
      method: 'POST',
      // Messages are rare: no connection is kept.
      agent: false,
      signal,
      headers: {
        ...headers,
        'content-length': Buffer.byteLength(body),
        'user-agent': 'vintagestory-metrics',
      },
    });
    outgoing.once('response', resolve);
    // Also after the answer, when the connection breaks.
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function answerOf(response: IncomingMessage): Promise<WebhookAnswer> {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const isForGood = status >= 400 ? status < 500 && status !== 408 && status !== 429 : isMoved(status);
  if (isForGood) return { kind: 'refused', why: `it answered ${status}: ${remedyFor(status)}` };
  const afterMs = retryAfterMs(response.headers, await bodyOf(response), new Date());
  return { kind: 'later', why: `it answered ${status}`, afterMs };
}

function isMoved(status: number): boolean {
  return status === 301 || status === 308;
}

/** The beginning of an answer's body, as far as it comes. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= MAX_BODY_BYTES) break;
    }
  } catch {
    // The time limit, or a connection that broke: the status is known.
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_BODY_BYTES);
}
