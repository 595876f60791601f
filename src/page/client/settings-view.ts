import { ApiError } from './api.js';
import { element, setText } from './dom.js';
import { formatNumber } from './format.js';
import { intervalText, parseInterval } from './interval.js';
import { type MakeView, type Page } from './view.js';
import { type Settings } from './wire.js';

/** The form for the collection interval. */
export const settingsView: MakeView = (page) => {
  const form = new SettingsForm(page);
  return (change) => {
    if (change === 'start' || change === 'info') form.refresh();
  };
};

class SettingsForm {
  private readonly input = element('interval', HTMLInputElement);
  /** What the field was given last: another text in it was typed. */
  private shown = '';
  private requests = 0;

  constructor(private readonly page: Page) {
    const { closing } = page;
    element('interval-form', HTMLFormElement).addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        const intervalSeconds = parseInterval(this.input.value);
        if (intervalSeconds !== null) void this.change(intervalSeconds);
        else
          setText(
            'interval-error',
            `Not a number of seconds, such as ${formatNumber(10)} or ${formatNumber(0.5)}.`,
          );
      },
      { signal: closing },
    );
    element('interval-reset', HTMLButtonElement).addEventListener('click', () => void this.change(null), {
      signal: closing,
    });
    this.input.value = '';
    setText('interval-error', '');
  }

  /** Shows what was changed elsewhere, unless somebody is typing. */
  refresh(): void {
    const request = ++this.requests;
    void this.page.api.request<Settings>('settings').then(
      (settings) => {
        // An answer from before a change would take it back on the page.
        if (request !== this.requests) return;
        this.show(settings);
        const isTyped = document.activeElement === this.input || this.input.value !== this.shown;
        if (!isTyped) this.fill(settings);
      },
      () => undefined,
    );
  }

  private async change(intervalSeconds: number | null): Promise<void> {
    this.requests++;
    setText('interval-error', '');
    try {
      const settings = await this.page.api.request<Settings>('settings', 'PATCH', { intervalSeconds });
      this.requests++;
      this.show(settings);
      this.fill(settings);
      this.page.refreshInfo();
    } catch (error) {
      setText('interval-error', error instanceof ApiError ? error.message : String(error));
    }
  }

  private fill({ intervalSeconds: { value } }: Settings): void {
    this.input.value = this.shown = intervalText(value);
  }

  private show({ intervalSeconds: { source }, persisted }: Settings): void {
    this.input.title = `from: ${source}${persisted ? '' : '; until the next start'}`;
    element('interval-reset', HTMLButtonElement).disabled = source !== 'settings';
  }
}
