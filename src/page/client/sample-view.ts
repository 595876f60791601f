import { setText } from './dom.js';
import { formatDuration, formatNumber, formatTime, formatValue } from './format.js';
import { type MakeView } from './view.js';
import { SERIES_NAMES } from '../../metrics/series.js';

/**
 * The newest sample: each element with `data-series` has the value of the series that it names, struck out when it is no
 * longer current.
 */
export const sampleView: MakeView = ({ state }) => {
  const values = [...document.querySelectorAll<HTMLElement>('[data-series]')].map((shown) => {
    const series = SERIES_NAMES.find((name) => name === shown.dataset.series);
    if (series === undefined) throw new Error(`there is no series ${String(shown.dataset.series)}`);
    return { shown, series };
  });
  return () => {
    const { info, isOld, ageSeconds } = state;
    const { latest } = state.samples;
    for (const { shown, series } of values) {
      setText(shown, formatValue(series, latest?.[series] ?? null));
      shown.classList.toggle('old', isOld);
    }
    for (const cores of document.querySelectorAll<HTMLElement>('.cores')) {
      setText(cores, `of ${info.cores} core${info.cores === 1 ? '' : 's'}`);
    }
    setText('sample-age', ageSeconds === null ? '–' : `${formatDuration(ageSeconds)} ago`);
    setText('sample-time', latest === null ? 'none yet' : formatTime(latest.time * 1000));
    setText(
      'sample-interval',
      info.intervalSeconds === 0 ? 'collection is off' : `one every ${formatNumber(info.intervalSeconds)} s`,
    );
  };
};
