import { constants } from 'node:os';

/** The numbers among an event's facts, a signal by its number on this system; null is left out. */
export function numbersOf(facts: object): Readonly<Record<string, number>> {
  const entries = Object.entries(facts as Record<string, unknown>).flatMap(([name, value]) => {
    const known = typeof value === 'string' ? (constants.signals as Record<string, number>)[value] : value;
    return typeof known === 'number' && Number.isFinite(known) ? [[name, known] as const] : [];
  });
  return Object.freeze(Object.fromEntries(entries));
}
