import { ApiError } from './api.js';
import { AlertRow } from './alert-row.js';
import { element, setText } from './dom.js';
import { type MakeView, type Page } from './view.js';
import { whenVisible } from './visible.js';
import { type Alerts } from './wire.js';

const POLL_MS = 10_000;
/** How often it is asked what became of a test message, and for how long: the API gives up an attempt after 10 s. */
const TEST_POLL_MS = 500;
const TEST_MS = 12_000;

const RECEIVERS = { discord: 'Discord', slack: 'Slack', ntfy: 'ntfy', json: 'the webhook' } as const;

/** What fires, above all else, and a button that tries the webhook; it asks the API for itself, while the page is seen. */
export const alertsView: MakeView = (page) => {
  const view = new AlertsView(page);
  void view.poll();
  return (change) => {
    if (change === 'events') view.hear();
    else if (change === 'alerts') view.show();
  };
};

class AlertsView {
  private readonly banner = element('alerts', HTMLElement);
  private readonly button = element('alert-test', HTMLButtonElement);
  private readonly rows = new Map<string, AlertRow>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private requests = 0;
  /** The newest event of an alert that is known of. */
  private heard: string | null = null;

  constructor(private readonly page: Page) {
    const { closing } = page;
    this.button.addEventListener('click', () => void this.test(), { signal: closing });
    this.button.disabled = false;
    setText('alert-test-answer', '');
    closing.addEventListener('abort', () => {
      clearTimeout(this.timer);
      this.banner.replaceChildren();
    });
  }

  /** Asks now, and from now on every ten seconds. */
  async poll(): Promise<void> {
    clearTimeout(this.timer);
    await whenVisible();
    await this.ask();
    if (this.page.closing.aborted) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.poll(), POLL_MS);
  }

  /** Asks at once when an alert has begun or ended. */
  hear(): void {
    const newest = this.page.state.events.all.find(({ kind }) => kind.startsWith('alert_'))?.timestamp;
    if (newest === undefined || newest === this.heard) return;
    this.heard = newest;
    void this.poll();
  }

  show(): void {
    const { alerts } = this.page.state;
    if (alerts === null) return;
    const firing = alerts.rules.filter(({ state }) => state === 'firing');
    for (const [rule, row] of this.rows) {
      if (firing.some((each) => each.rule === rule)) continue;
      row.element.remove();
      this.rows.delete(rule);
    }
    for (const alert of firing) {
      const row = this.rows.get(alert.rule) ?? new AlertRow();
      if (!this.rows.has(alert.rule)) this.banner.append(row.element);
      this.rows.set(alert.rule, row);
      row.show(alert);
    }
    this.showWebhook(alerts.webhook);
  }

  private showWebhook({ isConfigured, kind, waiting, problem }: Alerts['webhook']): void {
    element('messages', HTMLElement).hidden = !isConfigured;
    const wait = waiting === 0 ? '' : ` Waiting: ${waiting}.`;
    const trouble = problem === null ? '' : ` The last one was not taken: ${problem}.`;
    setText('messages-state', `They go to ${RECEIVERS[kind ?? 'json']}.${wait}${trouble}`);
  }

  /** Null: no answer, or one that is older than another. What was known is left as it is. */
  private async ask(): Promise<Alerts | null> {
    const { api, state, closing } = this.page;
    const request = ++this.requests;
    const alerts = await api.request<Alerts>('alerts').catch(() => null);
    if (alerts === null || request !== this.requests || closing.aborted) return null;
    state.setAlerts(alerts);
    return alerts;
  }

  private async test(): Promise<void> {
    const { api, state } = this.page;
    const before = state.alerts?.webhook.problem ?? null;
    this.button.disabled = true;
    setText('alert-test-answer', 'On its way…');
    try {
      await api.request('alerts/test', 'POST');
      setText('alert-test-answer', await this.outcome(before));
    } catch (error) {
      setText('alert-test-answer', error instanceof ApiError ? error.message : String(error));
    }
    this.button.disabled = false;
  }

  /** What became of the message, in words; `before` is the problem that was there before it. */
  private async outcome(before: string | null): Promise<string> {
    const { closing } = this.page;
    const fromMs = performance.now();
    for (;;) {
      const { webhook } = (await this.ask()) ?? {};
      if (webhook !== undefined) {
        const { kind, waiting, problem } = webhook;
        if (waiting === 0) {
          return problem === null
            ? `Sent: ${RECEIVERS[kind ?? 'json']} has taken it.`
            : `It was refused: ${problem}.`;
        }
        if (problem !== null && problem !== before) return `Not taken yet: ${problem}. It is tried again.`;
      }
      if (closing.aborted) return '';
      if (performance.now() - fromMs > TEST_MS) return 'It waits to be sent; it is tried again.';
      await new Promise((done) => setTimeout(done, TEST_POLL_MS));
    }
  }
}
