import { type Sample } from './wire.js';

/** The samples that the page knows, in the order in which they were taken, each once. */
export class Samples {
  private list: Sample[] = [];

  constructor(private readonly capacity: number) {}

  get all(): readonly Sample[] {
    return this.list;
  }

  get latest(): Sample | null {
    return this.list.at(-1) ?? null;
  }

  /** Where a stream has to continue: the time of the latest sample in ms. */
  get lastEventId(): string | null {
    return this.latest === null ? null : String(Date.parse(this.latest.timestamp));
  }

  /** Where the API's clock was set back, what lies after the new sample gives way to it. */
  add(sample: Sample): void {
    const atMs = Date.parse(sample.timestamp);
    while (this.latest !== null && Date.parse(this.latest.timestamp) >= atMs) this.list.pop();
    this.list.push(sample);
    if (this.list.length > this.capacity) this.list = this.list.slice(-this.capacity);
  }
}
