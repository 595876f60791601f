import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type DotnetProcess } from '../telemetry/dotnet/find-runtime.js';
import { processOf } from './dotnet.js';

/** Something at a diagnostics socket that does as a test wants; the socket is that of this very process. */
export class FakeRuntime {
  readonly process: DotnetProcess = processOf(process.pid);
  /** Set and number of each command that came. */
  readonly commands: string[] = [];
  /** When each of them came, on `performance.now()`. */
  readonly times: number[] = [];
  private readonly folder = mkdtempSync('/tmp/vsm-dotnet-');
  private readonly tmpdir = process.env.TMPDIR;
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;

  /** Where the socket is, or should be. */
  get path(): string {
    return join(this.folder, `dotnet-diagnostic-${this.process.pid}-${this.process.startTick}-socket`);
  }

  /** `answer` is called with the command (`4/4`) and the request's payload. */
  async listen(answer: (command: string, socket: Socket, payload: Buffer) => void): Promise<void> {
    const server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', (request) => {
        const command = `${request[16]}/${request[17]}`;
        this.commands.push(command);
        this.times.push(performance.now());
        answer(command, socket, request.subarray(20));
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
  }

  /** From now on the process's own TMPDIR is where the socket is. */
  useFolder(): this {
    process.env.TMPDIR = this.folder;
    return this;
  }

  async remove(): Promise<void> {
    if (this.tmpdir === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = this.tmpdir;
    for (const socket of this.sockets) socket.destroy();
    const { server } = this;
    if (server !== null) await new Promise((resolve) => server.close(resolve));
    rmSync(this.folder, { recursive: true });
  }
}

/** An answer as a runtime gives it. */
export function answer(status: 'ok' | 'error', payload: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header.write('DOTNET_IPC_V1\0', 'latin1');
  header.writeUInt16LE(20 + payload.length, 14);
  header.writeUInt16BE(status === 'ok' ? 0xff00 : 0xffff, 16);
  return Buffer.concat([header, payload]);
}

/** What ProcessInfo2 tells. */
export function processInfo(version: string): Buffer {
  const texts = ['dotnet VintagestoryServer.dll', 'linux', 'x64', 'VintagestoryServer', version].map(
    (text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length + 1);
      return Buffer.concat([length, Buffer.from(`${text}\0`, 'utf16le')]);
    },
  );
  return Buffer.concat([Buffer.alloc(24, 7), ...texts]);
}
