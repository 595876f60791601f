const MAX_BYTES = 256 * 1024;
const MAX_LINES = 200;

/**
 * The end of a program's output: its last bytes in a ring, cut into lines only when asked. However much a program
 * writes, and in however small pieces, it costs a copy of the bytes and a bounded amount of memory.
 */
export class OutputTail {
  private readonly ring = Buffer.alloc(MAX_BYTES);
  /** Where the next byte goes. */
  private end = 0;
  private isFull = false;

  append(chunk: Buffer): void {
    const kept = chunk.subarray(-MAX_BYTES);
    const copied = kept.copy(this.ring, this.end);
    const rest = kept.copy(this.ring, 0, copied);
    this.isFull ||= this.end + kept.length >= MAX_BYTES;
    this.end = rest > 0 ? rest : (this.end + copied) % MAX_BYTES;
  }

  /** The last 200 lines, oldest first. */
  lines(): string[] {
    const newer = this.ring.subarray(0, this.end);
    const bytes = this.isFull ? Buffer.concat([this.ring.subarray(this.end), newer]) : newer;
    const lines = bytes.toString('utf8').split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-MAX_LINES);
  }
}
