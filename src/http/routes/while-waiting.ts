import { HttpException, ServiceUnavailableException } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { setMaxListeners } from 'node:events';
import { type Socket } from 'node:net';
import { HistoryBusy } from '../../history/history-store.js';

const RETRY_AFTER_SECONDS = 5;
/** nginx's code for it; nobody reads the answer. */
const CLIENT_HAS_GONE = 499;

const signals = new WeakMap<Socket, AbortSignal>();

/**
 * Does work for a client, who may go meanwhile: then the signal says so. Rejects with a 503 that has `Retry-After` when
 * the archive has too much to do.
 */
export async function whileWaiting<T>(
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await work(signalOf(reply.request.raw.socket));
  } catch (error) {
    if (!(error instanceof HistoryBusy)) throw error;
    void reply.header('retry-after', RETRY_AFTER_SECONDS);
    throw new ServiceUnavailableException('Too many queries of the history wait already; ask again later.');
  }
}

/** By the connection, not the response: one that waits behind another on its connection is not told of the end. */
function signalOf(socket: Socket): AbortSignal {
  const known = signals.get(socket);
  if (known !== undefined) return known;
  const controller = new AbortController();
  const { signal } = controller;
  setMaxListeners(0, signal);
  signals.set(socket, signal);
  const end = () => {
    controller.abort(new HttpException('The client has gone.', CLIENT_HAS_GONE));
  };
  if (socket.destroyed) end();
  else socket.once('close', end);
  return signal;
}
