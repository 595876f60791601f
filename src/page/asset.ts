import { type FastifyReply, type FastifyRequest } from 'fastify';
import { negotiate } from '@fastify/accept-negotiator';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'application/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** What is smaller fits into one packet as it is. */
const MIN_COMPRESSED_BYTES = 1024;

/** In the order in which we like them. Better ones take seconds for the largest file, and save 7 %. */
const COMPRESSORS = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 }),
};
type Encoding = keyof typeof COMPRESSORS;
const ENCODINGS = Object.keys(COMPRESSORS) as Encoding[];

/** A file that is served from memory: nothing is opened for a request, and it is compressed for the first who asks. */
export class Asset {
  private readonly contentType: string;
  private readonly bytes: Buffer;
  private readonly etag: string;
  private readonly compressed = new Map<Encoding, Promise<Buffer>>();

  /** Reads the file; throws when it cannot be read, or is of a kind that is not served. */
  constructor(path: string) {
    const contentType = CONTENT_TYPES[extname(path)];
    if (contentType === undefined) throw new Error(`${path} is of a kind that is not served`);
    this.contentType = contentType;
    this.bytes = readFileSync(path);
    // Weak, as it stands for the file however it is compressed.
    this.etag = `W/"${createHash('sha256').update(this.bytes).digest('base64url').slice(0, 22)}"`;
  }

  /** Answers with the file, or with 304 to whoever has it already. */
  async send({ headers }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    void reply.headers({
      // Asked for anew each time, so that an upgrade shows at once.
      'cache-control': 'public, max-age=0',
      etag: this.etag,
      vary: 'accept-encoding',
    });
    if (this.isKnownTo(headers['if-none-match'])) return reply.code(304).send();
    void reply.type(this.contentType);
    const encoding =
      this.bytes.length < MIN_COMPRESSED_BYTES
        ? null
        : negotiate(headers['accept-encoding']?.toLowerCase() ?? '', ENCODINGS);
    if (encoding === null) return reply.send(this.bytes);
    return reply.header('content-encoding', encoding).send(await this.compressedBy(encoding));
  }

  private isKnownTo(ifNoneMatch: string | undefined): boolean {
    const known = ifNoneMatch?.split(',').map((tag) => tag.trim()) ?? [];
    return known.includes(this.etag) || known.includes('*');
  }

  private compressedBy(encoding: Encoding): Promise<Buffer> {
    let bytes = this.compressed.get(encoding);
    if (bytes === undefined) {
      bytes = COMPRESSORS[encoding](this.bytes);
      this.compressed.set(encoding, bytes);
    }
    return bytes;
  }
}
