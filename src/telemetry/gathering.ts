/** How long what happens again and again is put together. */
const GATHERING_MS = 60_000;

/**
 * Tells that something happened: the first time at once, what follows within a minute together at its end. So a flood is
 * told once a minute. `close` it in the end.
 */
export class Gathering {
  private timer: NodeJS.Timeout | undefined;
  private count = 0;
  private extreme: number | null = null;

  /** `tell` hears how often it happened, and of the values (null: none is known) the one that `pick` prefers. */
  constructor(
    private readonly tell: (count: number, extreme: number | null) => void,
    private readonly pick: (a: number, b: number) => number = Math.max,
  ) {}

  take(value: number | null): void {
    this.count += 1;
    if (value !== null) this.extreme = this.extreme === null ? value : this.pick(this.extreme, value);
    if (this.timer === undefined) this.tellGathered();
  }

  /** Tells what was gathered so far. */
  close(): void {
    this.tellGathered();
    clearTimeout(this.timer);
  }

  private tellGathered(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { count, extreme } = this;
    if (count === 0) return;
    this.count = 0;
    this.extreme = null;
    this.timer = setTimeout(() => {
      this.tellGathered();
    }, GATHERING_MS).unref();
    this.tell(count, extreme);
  }
}
