// Used by unit specs and end-to-end tests.
/** Polls until `condition` holds; rejects after 30 s: half as long as the games of the tests run by themselves. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  description = String(condition),
  timeoutMs = 30_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs / 1000} s: ${description}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
