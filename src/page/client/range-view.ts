import { element } from './dom.js';
import { offeredRanges, searchWith } from './ranges.js';
import { type MakeView } from './view.js';

/** Offers the ranges that the history can fill, and keeps the chosen one in the address. */
export const rangeView: MakeView = ({ state, closing }) => {
  const toolbar = element('ranges', HTMLElement);
  closing.addEventListener('abort', () => {
    toolbar.replaceChildren();
  });
  return () => {
    const offered = offeredRanges(state.coveredSeconds);
    const isSame =
      [...toolbar.children].map(({ id }) => id).join() === offered.map(({ name }) => `range-${name}`).join();
    // Made anew only when they change: a button in use keeps the focus.
    if (!isSame) {
      toolbar.replaceChildren(
        ...offered.map((range) => {
          const button = document.createElement('button');
          button.type = 'button';
          button.id = `range-${range.name}`;
          button.textContent = range.label;
          button.addEventListener('click', () => {
            history.replaceState(null, '', location.pathname + searchWith(location.search, range));
            state.zoomTo(null);
          });
          return button;
        }),
      );
    }
    const { name } = state.rangeBy(location.search);
    for (const button of toolbar.children) {
      button.setAttribute('aria-pressed', String(button.id === `range-${name}`));
    }
  };
};
