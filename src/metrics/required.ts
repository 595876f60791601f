/** A provider that the host application owes; throws an error that says what to do when it is not there. */
export function required<T>(provider: T | null | undefined, whatToDo: string): T {
  if (provider === null || provider === undefined) throw new Error(whatToDo);
  return provider;
}
