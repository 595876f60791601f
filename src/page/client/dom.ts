/** The element with this id; throws when the page has none of that kind. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** Sets the text of an element (or of the one with this id), leaving it alone when it is the same. */
export function setText(shown: HTMLElement | string, text: string): void {
  const target = typeof shown === 'string' ? element(shown, HTMLElement) : shown;
  if (target.textContent !== text) target.textContent = text;
}

/** Asks a question in a dialog; resolves with whether it was confirmed. */
export function confirmed(question: string, answer: string): Promise<boolean> {
  const dialog = element('confirm', HTMLDialogElement);
  setText('confirm-question', question);
  setText('confirm-ok', answer);
  dialog.returnValue = 'cancel';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        resolve(dialog.returnValue === 'ok');
      },
      { once: true },
    );
  });
}
