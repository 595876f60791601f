import { type Api, ApiError } from './api.js';
import { element, setText } from './dom.js';
import { type Settings } from './wire.js';

/** The form for the collection interval; `onChange` is called when it has been changed. Closed by `closing`. */
export function startSettingsForm(api: Api, closing: AbortSignal, onChange: () => void): void {
  const input = element('interval', HTMLInputElement);

  async function request(change?: { intervalSeconds: number | null }): Promise<void> {
    setText('interval-error', '');
    try {
      const path = 'settings';
      const settings = await (change === undefined
        ? api.request<Settings>(path)
        : api.request<Settings>(path, 'PATCH', change));
      const { value, source } = settings.intervalSeconds;
      input.value = String(value);
      input.title = `from: ${source}${settings.persisted ? '' : '; until the next start'}`;
      element('interval-reset', HTMLButtonElement).disabled = source !== 'settings';
      if (change !== undefined) onChange();
    } catch (error) {
      setText('interval-error', error instanceof ApiError ? error.message : String(error));
    }
  }

  element('interval-form', HTMLFormElement).addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      // A comma is what many a keyboard has on its number pad.
      void request({ intervalSeconds: Number(input.value.replace(',', '.')) });
    },
    { signal: closing },
  );
  element('interval-reset', HTMLButtonElement).addEventListener(
    'click',
    () => void request({ intervalSeconds: null }),
    { signal: closing },
  );
  void request();
}
