/** What sets a memory limit: the kernel for its cgroup, the game for itself, or the machine by having no more. */
export type MemoryLimitSource = 'cgroup' | 'game' | 'machine';

/** A memory limit, and what sets it. */
export interface MemoryLimit {
  readonly mb: number;
  readonly source: MemoryLimitSource;
}

/** How the sources are called in a sentence. */
export const MEMORY_LIMIT_WORDS: Readonly<Record<MemoryLimitSource, string>> = {
  cgroup: 'of its cgroup',
  game: 'DieAboveMemoryUsageMb in serverconfig.json',
  machine: "the machine's memory",
};

/** The lowest of the limits that are known, in MiB; of equal ones the first of cgroup, game and machine. Null when none is. */
export function lowestMemoryLimit(
  limits: Readonly<Record<MemoryLimitSource, number | null>>,
): MemoryLimit | null {
  const { cgroup, game, machine } = limits;
  const known = Object.entries({ cgroup, game, machine }).flatMap(([source, mb]): MemoryLimit[] =>
    mb === null ? [] : [{ mb, source: source as MemoryLimitSource }],
  );
  return known.reduce<MemoryLimit | null>(
    (low, each) => (low === null || each.mb < low.mb ? each : low),
    null,
  );
}
