const DAY_SECONDS = 86_400;

interface Labels {
  /** From which distance (s) between two labels on. */
  readonly from: number;
  readonly label: Intl.DateTimeFormat;
  /** What the labels have in common: below the first of them, and below each where it changes. */
  readonly common: Intl.DateTimeFormat | null;
}

const labels = (
  from: number,
  label: Intl.DateTimeFormatOptions,
  common: Intl.DateTimeFormatOptions | null,
): Labels => ({
  from,
  label: new Intl.DateTimeFormat(undefined, label),
  common: common && new Intl.DateTimeFormat(undefined, common),
});

const DAY = { day: 'numeric', month: 'short' } as const;
const YEAR = { year: 'numeric' } as const;
const SECOND = { hour: 'numeric', minute: '2-digit', second: '2-digit' } as const;

/** The widest steps first. Months are written out: 11/12 is one day in Britain and another in America. */
const BY_STEP: readonly Labels[] = [
  labels(365 * DAY_SECONDS, YEAR, null),
  labels(28 * DAY_SECONDS, { month: 'short' }, YEAR),
  labels(DAY_SECONDS, DAY, YEAR),
  labels(60, { hour: 'numeric', minute: '2-digit' }, DAY),
  labels(1, SECOND, DAY),
  labels(0, { ...SECOND, fractionalSecondDigits: 3 }, DAY),
];

/** Labels for times (s since the epoch) that are `stepSeconds` apart, in the browser's locale and time zone. */
export function timeLabels(times: readonly number[], stepSeconds: number): string[] {
  const { label, common } = BY_STEP.find(({ from }) => stepSeconds >= from) ?? labels(0, SECOND, DAY);
  let before = '';
  return times.map((seconds) => {
    const below = common?.format(seconds * 1000) ?? '';
    const isNew = below !== before;
    before = below;
    return label.format(seconds * 1000) + (isNew ? `\n${below}` : '');
  });
}
