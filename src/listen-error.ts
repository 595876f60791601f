/** The address is not ours to listen on; the message names host and port. */
export class ListenError extends Error {
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const reason = cause.code === 'EADDRINUSE' ? 'the port is taken' : cause.message;
    super(`Cannot listen on ${host}:${port} (VS_API_HOST, VS_API_PORT): ${reason}`);
  }
}
