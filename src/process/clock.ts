/**
 * When this process started (in a worker thread: the thread), on the scale of {@link steadyNowMs}. Both are of the
 * same clock of the system's, so their difference holds for as long as the process runs.
 */
export const PROCESS_STARTED_AT_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/**
 * Now, in ms on the one steady clock: no change of the wall clock moves it, and all threads share it. Its zero means
 * nothing by itself (on Linux it is the machine's start); it stands still while the machine sleeps.
 */
export function steadyNowMs(): number {
  return PROCESS_STARTED_AT_MS + performance.now();
}
