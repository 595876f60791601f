import { element, setText } from './dom.js';

const HINT = 'The start of the API prints an address with the key in it.';

/** Shows the form for the key, with the reason why it is needed; resolves with what was entered. */
export function askForKey(reason: string | null): Promise<string> {
  const form = element('login', HTMLFormElement);
  const input = element('key', HTMLInputElement);
  setText('login-reason', reason ?? HINT);
  element('dashboard', HTMLElement).hidden = true;
  element('logout', HTMLElement).hidden = true;
  form.hidden = false;
  input.value = '';
  input.focus();
  return new Promise((resolve) => {
    form.addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        form.hidden = true;
        // A space comes from copying: no key has one.
        resolve(input.value.trim());
      },
      { once: true },
    );
  });
}
