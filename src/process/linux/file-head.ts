import { closeSync, openSync, readSync } from 'node:fs';

const HEAD_BYTES = 256;

const head = Buffer.allocUnsafe(HEAD_BYTES);

/**
 * The first 256 bytes of a file of the kernel's, read again and again: it stays open, and the kernel makes no more of its text
 * than is asked for.
 */
export class FileHead {
  private descriptor: number | null = null;

  constructor(private readonly path: string) {}

  /** Throws the system's error. */
  read(): string {
    this.descriptor ??= openSync(this.path, 'r');
    return head.toString('latin1', 0, readSync(this.descriptor, head, 0, HEAD_BYTES, 0));
  }

  close(): void {
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
  }
}
