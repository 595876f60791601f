import { setText } from './dom.js';
import { formatNumber, formatTime } from './format.js';
import { type Alert } from './wire.js';

/** An alert that fires, in the banner. */
export class AlertRow {
  readonly element = document.createElement('p');
  private readonly what = document.createElement('strong');
  private readonly since = document.createElement('span');
  private readonly measure = document.createElement('span');

  constructor() {
    // It goes on while the alert holds, and is not read out each time.
    this.measure.setAttribute('aria-live', 'off');
    this.element.append(this.what, this.since, this.measure);
  }

  show({ level, what, since, measure }: Alert): void {
    this.element.dataset.level = level;
    setText(this.what, what);
    setText(this.since, since === null ? '' : ` · since ${formatTime(Date.parse(since))}`);
    setText(this.measure, measure === null ? '' : ` · now ${inWords(measure)}`);
  }
}

function inWords({ value, threshold, unit }: NonNullable<Alert['measure']>): string {
  // The page says MiB where the API, for short, says MB.
  const shown = unit === 'MB' ? 'MiB' : unit;
  const write = (number: number) => `${formatNumber(Math.round(number * 10) / 10)} ${shown}`;
  return `${write(value)}, threshold ${write(threshold)}`;
}
