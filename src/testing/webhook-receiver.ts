import { once } from 'node:events';
import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, type Socket } from 'node:net';

/** A request as it arrived. */
export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** By the steady clock, in ms. */
  readonly atMs: number;
}

/** What is done with the nth request. */
export type Answer = (response: ServerResponse, received: Received) => void;

/** Answers with a status, and nothing else but these headers and this body. */
export function answering(status: number, headers: Record<string, string> = {}, body = ''): Answer {
  return (response) => {
    response.writeHead(status, headers).end(body);
  };
}

/** A real HTTP server on loopback to which webhooks are sent. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly scheme: string,
  ) {}

  /** `answers`: for the first request, the second …; the last one is for all that follow. */
  static async start(
    answers: readonly Answer[],
    tls?: { key: string; cert: string },
  ): Promise<WebhookReceiver> {
    const server = tls === undefined ? createHttp() : createHttps(tls);
    const receiver = new WebhookReceiver(server, tls === undefined ? 'http' : 'https');
    server.on('connection', (socket: Socket) => {
      receiver.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => receiver.sockets.delete(socket));
    });
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url = '', headers } = request;
        const received = { url, headers, body: Buffer.concat(chunks).toString(), atMs: performance.now() };
        receiver.received.push(received);
        const answer = answers[receiver.received.length - 1] ?? answers.at(-1);
        answer?.(response, received);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  /** An address of it with this path. */
  address(path = '/a-secret-path'): URL {
    return new URL(path, `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
