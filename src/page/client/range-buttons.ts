import { element } from './dom.js';
import { offeredRanges, type Range, searchWith, wantedRange } from './ranges.js';

/** Offers the ranges that the history can fill, keeps the chosen one in the address, and answers with it. */
export function showRanges(coveredSeconds: number, onChange: () => void): Range {
  const offered = offeredRanges(coveredSeconds);
  const wanted = wantedRange(location.search, offered);
  const toolbar = element('ranges', HTMLElement);
  const buttons = offered.map((range) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = range.label;
    button.setAttribute('aria-pressed', String(range.name === wanted.name));
    button.addEventListener('click', () => {
      history.replaceState(null, '', location.pathname + searchWith(location.search, range));
      showRanges(coveredSeconds, onChange);
      onChange();
      // The buttons were made anew: the keyboard stays where it was.
      [...toolbar.children]
        .find(({ textContent }) => textContent === range.label)
        ?.dispatchEvent(new Event('refocus'));
    });
    button.addEventListener('refocus', () => {
      button.focus();
    });
    return button;
  });
  toolbar.replaceChildren(...buttons);
  return wanted;
}
