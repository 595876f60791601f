import { closeSync, openSync, readSync } from 'node:fs';

/** The kernel answers with a page at most, of whole records; the records of a longer list follow at the next read. */
const PAGE_BYTES = 4096;
/** Longer than a record of any list that is read here: a pid and a space. */
const RECORD_BYTES = 16;
/** How many files stay open at a time: those of a game of 125 threads, and far fewer than a process may have. */
const MAX_KEPT = 256;

const ZERO = 0x30;

const page = Buffer.allocUnsafe(PAGE_BYTES);
let kept = 0;

/**
 * A file of /proc that is read again and again. It stays open, which makes the next read cheap and binds it to one
 * process: once that has ended a read fails with ESRCH, whoever has its pid by then. Beyond 256 of them, a file
 * is opened for each read.
 */
export class ProcFile {
  private descriptor: number | null = null;

  constructor(private readonly path: string) {}

  /** The text as it is now; throws the system's error. */
  read(): string {
    const descriptor = this.open();
    return descriptor === null ? readProcText(this.path) : readAll(descriptor);
  }

  /** The whole number that the text begins with; costs less than the text. Throws the system's error. */
  readNumber(): number {
    const descriptor = this.open();
    if (descriptor === null) return Number.parseInt(readProcText(this.path), 10);
    const bytes = readSync(descriptor, page, 0, PAGE_BYTES, 0);
    let number = 0;
    for (let at = 0; at < bytes; at++) {
      const digit = (page[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    return number;
  }

  /** Lets go of the file; a later read would open it anew. */
  close(): void {
    if (this.descriptor === null) return;
    closeSync(this.descriptor);
    this.descriptor = null;
    kept -= 1;
  }

  /** Null when enough files are open already. */
  private open(): number | null {
    if (this.descriptor === null && kept < MAX_KEPT) {
      this.descriptor = openSync(this.path, 'r');
      kept += 1;
    }
    return this.descriptor;
  }
}

/** Reads a file of /proc once; throws the system's error. */
export function readProcText(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
    return readAll(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Says whether an error means that the process, or the file, is not there (any more). */
export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH';
}

function readAll(descriptor: number): string {
  let bytes = readSync(descriptor, page, 0, PAGE_BYTES, 0);
  let text = page.toString('latin1', 0, bytes);
  while (bytes > PAGE_BYTES - RECORD_BYTES) {
    bytes = readSync(descriptor, page, 0, PAGE_BYTES, text.length);
    text += page.toString('latin1', 0, bytes);
  }
  return text;
}
