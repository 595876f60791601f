import { element, setText } from './dom.js';
import { requestEvents } from './event-request.js';
import { EventRow } from './event-row.js';
import { type PastEvent } from './events.js';
import { type Level } from './levels.js';
import { spanAround } from './span.js';
import { type MakeView, type Page } from './view.js';

/** How many rows there are at first, and how many more each time when older ones are wanted. */
const ROWS = 100;
/** No more than this are drawn, however many are wanted. */
const MAX_ROWS = 1000;

const FILTERS: readonly { readonly name: string; readonly levels: readonly Level[] }[] = [
  { name: 'All', levels: ['info', 'warning', 'error'] },
  { name: 'Warnings and errors', levels: ['warning', 'error'] },
  { name: 'Errors', levels: ['error'] },
];

/** The list of what happened, newest first. */
export const eventsView: MakeView = (page) => {
  const list = new EventList(page);
  return (change) => {
    if (change === 'start' || change === 'events') list.show();
  };
};

class EventList {
  private readonly list = element('event-list', HTMLElement);
  private readonly older = element('events-older', HTMLButtonElement);
  private readonly rows = new Map<PastEvent, EventRow>();
  private levels: readonly Level[] = ['info', 'warning', 'error'];
  private wanted = ROWS;
  private isAsking = false;

  constructor(private readonly page: Page) {
    const { closing } = page;
    const filters = element('event-levels', HTMLElement);
    const buttons = FILTERS.map(({ name, levels }) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      button.addEventListener('click', () => {
        this.levels = levels;
        this.wanted = ROWS;
        press(button);
        this.show();
      });
      return button;
    });
    const press = (pressed: HTMLButtonElement) => {
      for (const button of buttons) button.setAttribute('aria-pressed', String(button === pressed));
    };
    filters.replaceChildren(...buttons);
    buttons.slice(0, 1).forEach(press);
    this.older.addEventListener('click', () => void this.showOlder(), { signal: closing });
    closing.addEventListener('abort', () => {
      filters.replaceChildren();
      this.list.replaceChildren();
    });
  }

  show(): void {
    const { areAll, areMost, all } = this.page.state.events;
    const { matching } = this;
    const shown = matching.slice(0, this.wanted);
    this.draw(shown);
    const hasOlder = matching.length > shown.length || (!areAll && all.length > 0);
    const isLimit = this.wanted >= MAX_ROWS || (areMost && matching.length <= shown.length);
    const hadFocus = document.activeElement === this.older;
    this.older.hidden = !hasOlder || isLimit;
    if (hadFocus && this.older.hidden) this.list.lastElementChild?.querySelector('button')?.focus();
    const isNone = shown.length === 0 && (areAll || all.length > 0);
    setText('events-note', isNone ? 'None.' : hasOlder && isLimit ? 'The export has the older ones.' : '');
  }

  private get matching(): readonly PastEvent[] {
    return this.page.state.events.all.filter(({ level }) => this.levels.includes(level));
  }

  /** Rows that stay are not touched: one of them may have the focus. */
  private draw(shown: readonly PastEvent[]): void {
    const kept = new Set(shown);
    for (const [event, row] of this.rows) {
      if (kept.has(event)) continue;
      row.item.remove();
      this.rows.delete(event);
    }
    let next = this.list.firstElementChild;
    for (const event of shown) {
      const row = this.rows.get(event) ?? new EventRow(event, this.zoomTo);
      this.rows.set(event, row);
      if (row.item === next) next = next.nextElementSibling;
      else this.list.insertBefore(row.item, next);
    }
  }

  private readonly zoomTo = ({ time }: PastEvent): void => {
    const { state } = this.page;
    state.zoomTo(spanAround(time, state.clock.now, state.info.intervalSeconds));
    element('history', HTMLElement).scrollIntoView();
  };

  private async showOlder(): Promise<void> {
    if (this.isAsking) return;
    this.wanted = Math.min(MAX_ROWS, this.wanted + ROWS);
    this.isAsking = true;
    try {
      await this.askForWanted();
    } catch {
      // The page says that the API does not answer; the button is still there.
    } finally {
      this.isAsking = false;
      if (!this.page.closing.aborted) this.show();
    }
  }

  /** Of the levels that are wanted there may be none for a long time. */
  private async askForWanted(): Promise<void> {
    const { api, state, closing } = this.page;
    const { events } = state;
    while (this.matching.length < this.wanted && !events.areAll && !events.areMost) {
      const oldest = events.all.at(-1);
      if (oldest === undefined) return;
      // With those of the same ms.
      const answer = await requestEvents(api, { to: oldest.time + 0.001 });
      if (closing.aborted) return;
      state.addOlderEvents(answer);
      if (events.all.at(-1) === oldest) return;
    }
  }
}
