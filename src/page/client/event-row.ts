import { SIGNS, signOf } from './event-signs.js';
import { type PastEvent } from './events.js';
import { formatTime } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';

/** An event in the list: a button that zooms to it. */
export class EventRow {
  readonly item = document.createElement('li');

  constructor(event: PastEvent, zoomTo: (event: PastEvent) => void) {
    const { level, text, time, timestamp } = event;
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.level = level;
    button.title = 'Show this time on the charts';
    const when = document.createElement('time');
    when.dateTime = timestamp;
    when.textContent = formatTime(time * 1000);
    const what = document.createElement('span');
    what.className = 'what';
    what.textContent = text;
    button.append(signFor(event), when, levelMark(level), what);
    button.addEventListener('click', () => {
      zoomTo(event);
    });
    this.item.append(button);
  }
}

/** What it looks like on the charts; empty for what is not on them. */
function signFor(event: PastEvent): SVGElement {
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('viewBox', '0 0 10 10');
  picture.setAttribute('aria-hidden', 'true');
  const sign = signOf(event);
  if (sign === null) return picture;
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', SIGNS[sign]);
  picture.append(path);
  return picture;
}

/** The level in a word, since colours alone do not say it to everybody. */
function levelMark(level: PastEvent['level']): HTMLElement {
  const mark = document.createElement('span');
  mark.className = 'level';
  mark.textContent = level;
  return mark;
}
