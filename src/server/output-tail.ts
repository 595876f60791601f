const MAX_BYTES = 256 * 1024;
const MAX_LINES = 200;

/**
 * The end of a program's output. Chunks are kept as they come and cut into lines only when asked, so that a
 * program that writes fast, or never a newline, costs little and a bounded amount of memory.
 */
export class OutputTail {
  private chunks: Buffer[] = [];
  private bytes = 0;

  append(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    let first = this.chunks[0];
    while (first !== undefined && this.bytes - first.length >= MAX_BYTES) {
      this.chunks.shift();
      this.bytes -= first.length;
      first = this.chunks[0];
    }
  }

  /** The last 200 lines, oldest first. */
  lines(): string[] {
    const text = Buffer.concat(this.chunks).subarray(-MAX_BYTES).toString('utf8');
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-MAX_LINES);
  }
}
