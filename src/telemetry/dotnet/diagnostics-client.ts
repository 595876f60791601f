import { connect, type Socket } from 'node:net';

/** The runtime cannot be asked; the message says why, and what to do about it. */
export class DiagnosticsError extends Error {}

/** A stream of events that a runtime sends over `socket`, paused as yet, until it is stopped by its number. */
export interface EventStream {
  readonly socket: Socket;
  readonly sessionId: bigint;
}

const MAGIC = Buffer.from('DOTNET_IPC_V1\0', 'latin1');
const HEADER_BYTES = 20;
/** Command sets and commands: dotnet/diagnostics, `ipc-protocol.md`. */
const STOP_TRACING = [2, 1] as const;
const COLLECT_TRACING_2 = [2, 3] as const;
const COLLECT_TRACING_3 = [2, 4] as const;
const PROCESS_INFO_2 = [4, 4] as const;
const OK = 0xff00;
const UNKNOWN_COMMAND = 0x80131385;
/** What a runtime that is alive takes is some milliseconds. */
const ANSWER_MS = 2000;
const NETTRACE_FORMAT = 1;
const GC_KEYWORD = 1n;
const INFORMATIONAL = 4;
/** What the runtime keeps for us at most while we do not read: of ordinary collections, minutes. */
const BUFFER_MB = 4;

/** The provider of a runtime's own events. */
export const RUNTIME_PROVIDER = 'Microsoft-Windows-DotNETRuntime';

/** Which version of .NET answers, once it is alive; null for one too old to tell. Throws DiagnosticsError. */
export async function askVersion(path: string): Promise<string | null> {
  const { socket, answer } = await ask(path, PROCESS_INFO_2);
  socket.destroy();
  if (!answer.isOk) return null;
  // Pid and cookie; then command line, system, architecture, program and version, each a length and UTF-16 with NUL.
  let at = 24;
  let text = '';
  for (let i = 0; i < 5 && at + 4 <= answer.payload.length; i++) {
    const end = at + 4 + 2 * answer.payload.readUInt32LE(at);
    text = answer.payload.toString('utf16le', at + 4, end - 2);
    at = end;
  }
  return /^\d+(\.\d+)+/.exec(text)?.[0] ?? null;
}

/** Has the runtime send the events of its garbage collector; throws DiagnosticsError. */
export async function collectGcEvents(path: string): Promise<EventStream> {
  const asked = await ask(path, COLLECT_TRACING_3, tracingRequest([0, 0]));
  const isOld = !asked.answer.isOk && asked.answer.error === UNKNOWN_COMMAND;
  if (isOld) asked.socket.destroy();
  // Older than .NET 8: it knows no flag for stacks, and takes them.
  const { socket, answer } = isOld ? await ask(path, COLLECT_TRACING_2, tracingRequest([0])) : asked;
  if (answer.isOk && answer.payload.length >= 8)
    return { socket, sessionId: answer.payload.readBigUInt64LE(0) };
  socket.destroy();
  throw new DiagnosticsError(`its runtime refuses to send events (0x${answer.error.toString(16)})`);
}

/** Ends a stream, so that nothing is left of it in the runtime; throws DiagnosticsError. */
export async function stopCollecting(path: string, sessionId: bigint): Promise<void> {
  const payload = Buffer.alloc(8);
  payload.writeBigUInt64LE(sessionId);
  const { socket } = await ask(path, STOP_TRACING, payload);
  socket.destroy();
}

function tracingRequest(flags: readonly number[]): Buffer {
  const name = Buffer.from(`${RUNTIME_PROVIDER}\0`, 'utf16le');
  const request = Buffer.alloc(8 + flags.length + 4 + 12 + 4 + name.length + 4);
  let at = request.writeUInt32LE(BUFFER_MB, 0);
  at = request.writeUInt32LE(NETTRACE_FORMAT, at);
  for (const flag of flags) at = request.writeUInt8(flag, at);
  at = request.writeUInt32LE(1, at); // providers
  at = request.writeBigUInt64LE(GC_KEYWORD, at);
  at = request.writeUInt32LE(INFORMATIONAL, at);
  at = request.writeUInt32LE(name.length / 2, at);
  name.copy(request, at);
  return request;
}

interface Answer {
  readonly isOk: boolean;
  readonly error: number;
  readonly payload: Buffer;
}

/** One question over a connection of its own, which stays open, with what came after the answer still to be read. */
async function ask(
  path: string,
  command: readonly [number, number],
  payload: Buffer = Buffer.alloc(0),
): Promise<{ socket: Socket; answer: Answer }> {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt16LE(HEADER_BYTES + payload.length, 14);
  header.writeUInt8(command[0], 16);
  header.writeUInt8(command[1], 17);
  const socket = connect({ path });
  try {
    return { socket, answer: await readAnswer(socket, Buffer.concat([header, payload])) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function readAnswer(socket: Socket, request: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (how: () => void) => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose).pause();
      how();
    };
    const fail = (message: string) => {
      settle(() => {
        reject(new DiagnosticsError(message));
      });
    };
    const onClose = () => {
      fail('its runtime ended the connection');
    };
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < HEADER_BYTES) return;
      const bytes = received.readUInt16LE(14);
      if (!received.subarray(0, MAGIC.length).equals(MAGIC) || bytes < HEADER_BYTES) {
        fail('what answers at its diagnostics socket is not a .NET runtime');
        return;
      }
      if (received.length < bytes) return;
      const isOk = received.readUInt16BE(16) === OK;
      const payload = received.subarray(HEADER_BYTES, bytes);
      const error = payload.length >= 4 ? payload.readUInt32LE(0) : 0;
      settle(() => {
        socket.unshift(received.subarray(bytes));
        resolve({ isOk, error, payload });
      });
    };
    const timer = setTimeout(() => {
      fail('its runtime does not answer');
    }, ANSWER_MS);
    // Stays: whoever takes the socket over learns of an error by its close.
    socket.on('error', ({ message }) => {
      fail(`its diagnostics socket cannot be used (${message})`);
    });
    socket.on('close', onClose).on('data', onData).write(request);
  });
}
