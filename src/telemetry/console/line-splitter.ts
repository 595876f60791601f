/** A line that is longer says nothing that is looked for here: the answer with most names has about 1,000 characters. */
const MAX_LINE_CHARACTERS = 8192;

/**
 * Cuts output into lines, wherever its chunks end. A line longer than 8,192 characters is left out, so that memory
 * stays bounded whatever a program writes. Each byte becomes one character (Latin-1): what is looked for is ASCII,
 * and no byte is invalid.
 */
export class LineSplitter {
  /** The beginning of the line that has not ended yet. */
  private begun = '';
  /** Whether that line is too long. */
  private isSkipping = false;

  constructor(private readonly onLine: (line: string) => void) {}

  push(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      this.end(text, from, end);
      from = end + 1;
    }
    if (this.isSkipping || from === text.length) return;
    if (this.begun.length + text.length - from <= MAX_LINE_CHARACTERS) this.begun += text.slice(from);
    else this.skip();
  }

  /** Forgets the line that has not ended: what comes next does not belong to it. */
  reset(): void {
    this.begun = '';
    this.isSkipping = false;
  }

  private end(text: string, from: number, end: number): void {
    const isSkipped = this.isSkipping || this.begun.length + end - from > MAX_LINE_CHARACTERS;
    const line = isSkipped ? null : this.begun + text.slice(from, end);
    this.reset();
    if (line !== null) this.onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }

  private skip(): void {
    this.begun = '';
    this.isSkipping = true;
  }
}
