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
const FRACTION = {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
} as const;
const FINEST = labels(0, FRACTION, DAY);

/** The widest steps first. Months are written out: 11/12 is one day in Britain and another in America. */
const BY_STEP: readonly Labels[] = [
  labels(365 * DAY_SECONDS, YEAR, null),
  labels(28 * DAY_SECONDS, { month: 'short' }, YEAR),
  labels(DAY_SECONDS, DAY, YEAR),
  labels(60, { timeStyle: 'short' }, DAY),
  labels(1, { timeStyle: 'medium' }, DAY),
  FINEST,
];

/** Labels for times (s since the epoch) that are `stepSeconds` apart, in the browser's locale and time zone. */
export function timeLabels(times: readonly number[], stepSeconds: number): string[] {
  const { label, common } = BY_STEP.find(({ from }) => stepSeconds >= from) ?? FINEST;
  let before = '';
  return times.map((seconds) => {
    const below = common?.format(seconds * 1000) ?? '';
    const isNew = below !== before;
    before = below;
    return label.format(seconds * 1000) + (isNew ? `\n${below}` : '');
  });
}
