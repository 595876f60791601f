import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';

/** How many requests of one connection may wait. No browser sends a second one before the first is answered. */
const MAX_WAITING = 100;

interface Turn {
  readonly response: ServerResponse;
  readonly start: () => void;
}

/** What waits behind the request that is being answered, for each connection that has one. */
const waiting = new WeakMap<Socket, Turn[]>();

/**
 * Calls `start` once the request before it on the same connection has been answered, and never when the connection ends
 * first: a client that sends many requests and reads no answer makes us work on one. (Node hands over all requests that
 * came in one piece of 64 KB, up to 2,000, and tells a response whose turn never comes nothing of the connection's end.)
 * A connection on which too many wait is closed.
 */
export function takeTurn(request: IncomingMessage, response: ServerResponse, start: () => void): void {
  const { socket } = request;
  const line = waiting.get(socket);
  if (line === undefined) {
    waiting.set(socket, []);
    answer(socket, { response, start });
  } else if (line.length < MAX_WAITING) {
    line.push({ response, start });
  } else {
    socket.destroy();
  }
}

function answer(socket: Socket, { response, start }: Turn): void {
  response.once('close', () => {
    const next = socket.destroyed ? undefined : waiting.get(socket)?.shift();
    if (next === undefined) waiting.delete(socket);
    // In a later turn of the event loop: timers (the next sample) and other connections come first.
    else setImmediate(answer, socket, next);
  });
  start();
}
