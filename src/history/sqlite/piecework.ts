/** A task in pieces, so that others get in between; what it gives is ready at its end. */
export type Pieces<T> = Generator<undefined, T, undefined>;

/** The same of a task that is small. */
export function inOnePiece<T>(work: () => T): Iterator<undefined, T, undefined> {
  return { next: () => ({ done: true, value: work() }) };
}

/** When a task's turn comes: before all others; among the quick ones; or when nothing else waits. */
export type Turn = 'first' | 'soon' | 'last';

interface Task {
  readonly id: number;
  readonly pieces: Iterator<undefined, unknown, undefined>;
}

/**
 * Tasks of one thread, done piece by piece. A new one gets its first piece before those that have had one go on: what
 * is small does not wait behind what is long. Those go on one after the other, not all at once, since each keeps what
 * it has so far in memory.
 */
export class Piecework {
  private readonly waiting: Record<Turn, Task[]> = { first: [], soon: [], last: [] };

  /** `done` is told how a task ended: `result` gives what it gave or throws what it threw. */
  constructor(private readonly done: (id: number, result: () => unknown) => void) {}

  add(id: number, turn: Turn, pieces: Task['pieces']): void {
    this.waiting[turn].push({ id, pieces });
  }

  /** Forgets a task; of its end nobody is told. */
  drop(id: number): void {
    for (const tasks of Object.values(this.waiting)) {
      const index = tasks.findIndex((task) => task.id === id);
      if (index >= 0) tasks.splice(index, 1);
    }
  }

  /** Does the next piece; false when nothing is left to do. */
  step(): boolean {
    const { first, soon, last } = this.waiting;
    const tasks = [first, soon, last].find(({ length }) => length > 0);
    const task = tasks?.[0];
    if (tasks === undefined || task === undefined) return false;
    try {
      const { done, value } = task.pieces.next();
      if (done !== true) {
        if (tasks === soon) last.push(...soon.splice(0, 1));
        return true;
      }
      tasks.shift();
      this.done(task.id, () => value);
    } catch (error) {
      tasks.shift();
      this.done(task.id, () => {
        throw error;
      });
    }
    return true;
  }
}
