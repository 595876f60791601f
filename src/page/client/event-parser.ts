/** One event of a stream of Server-Sent Events. */
export interface StreamEvent {
  readonly type: string;
  readonly id: string | null;
  readonly data: string;
}

/** Cuts the text of a stream into events, however it arrives in pieces. Comments come out as nothing. */
export class EventParser {
  private rest = '';

  push(text: string): StreamEvent[] {
    this.rest += text;
    const blocks = this.rest.split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':');
        if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
      }
      const data = fields.get('data');
      return data === undefined
        ? []
        : [{ type: fields.get('event') ?? 'message', id: fields.get('id') ?? null, data }];
    });
  }
}
