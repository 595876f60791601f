import { element } from './dom.js';
import { offeredRanges, searchWith, wantedRange } from './ranges.js';

/** Offers the ranges that the history can fill, and keeps the chosen one in the address. */
export function showRanges(coveredSeconds: number, onChange: () => void): void {
  const offered = offeredRanges(coveredSeconds);
  const toolbar = element('ranges', HTMLElement);
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
          markPressed(range.name);
          onChange();
        });
        return button;
      }),
    );
  }
  markPressed(wantedRange(location.search, offered).name);
}

/** Takes the buttons away, and with them whoever listened. */
export function clearRanges(): void {
  element('ranges', HTMLElement).replaceChildren();
}

function markPressed(name: string): void {
  for (const button of element('ranges', HTMLElement).children) {
    button.setAttribute('aria-pressed', String(button.id === `range-${name}`));
  }
}
