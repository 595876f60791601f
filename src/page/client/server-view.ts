import { ApiError } from './api.js';
import { confirmed, element, setText } from './dom.js';
import { formatDuration } from './format.js';
import { whenVisible } from './visible.js';
import { type MakeView, type Page } from './view.js';
import { type ServerStatus } from './wire.js';

const POLL_MS = 2000;

const QUESTIONS = {
  start: null,
  stop: ['Stop the game server? It saves first; players are disconnected.', 'Stop'],
  restart: ['Restart the game server? It saves first; players are disconnected.', 'Restart'],
} as const;

type Action = keyof typeof QUESTIONS;

/** Which switches each state allows. */
const ALLOWED: Record<string, readonly Action[]> = { stopped: ['start'], running: ['stop', 'restart'] };

const WHILE_COMING_BACK: readonly Action[] = ['start', 'stop'];

/** The card with the game server's state and its switches; it asks the API for itself, while the page is seen. */
export const serverView: MakeView = (page) => {
  const card = new ServerCard(page);
  void card.poll();
  return () => undefined;
};

class ServerCard {
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Why the last action failed, and the state that was found after it: it is shown until that changes. */
  private failure: { readonly message: string; state: string | null } | null = null;

  /** Whether a game that crashed is about to be started again: a stop takes that back, and disconnects nobody. */
  private isComingBack = false;

  constructor(private readonly page: Page) {
    const { closing } = page;
    for (const action of Object.keys(QUESTIONS) as Action[]) {
      element(action, HTMLButtonElement).addEventListener('click', () => void this.act(action), {
        signal: closing,
      });
    }
    closing.addEventListener('abort', () => {
      clearTimeout(this.timer);
    });
  }

  async poll(): Promise<void> {
    clearTimeout(this.timer);
    await whenVisible();
    const status = await this.page.api.request<ServerStatus>('server/status').catch(() => null);
    if (this.page.closing.aborted) return;
    this.show(status);
    this.page.state.setAnswering(status !== null);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.poll(), POLL_MS);
  }

  private async act(action: Action): Promise<void> {
    const question = this.isComingBack ? null : QUESTIONS[action];
    if (question !== null && !(await confirmed(question[0], question[1]))) return;
    this.failure = null;
    setText('server-error', '');
    try {
      this.show(await this.page.api.request<ServerStatus>(`server/${action}`, 'POST'));
    } catch (error) {
      this.failure = { message: error instanceof ApiError ? error.message : String(error), state: null };
    }
    await this.poll();
  }

  /** Null: the API does not answer, so nothing is known. */
  private show(status: ServerStatus | null): void {
    const state = status?.state ?? 'unknown';
    setText('server-state', state.replace('_', ' '));
    element('server-state', HTMLElement).dataset.state = state;
    setText('server-detail', detail(status));
    if (this.failure !== null && status !== null) {
      this.failure.state ??= state;
      if (this.failure.state !== state) this.failure = null;
    }
    const error = this.failure?.message ?? status?.lastError;
    // What is not known is no reason to take an error back.
    if (error !== undefined) setText('server-error', error ?? '');
    this.isComingBack = status?.restartAt != null;
    const allowed = this.isComingBack ? WHILE_COMING_BACK : (ALLOWED[state] ?? []);
    for (const action of Object.keys(QUESTIONS) as Action[]) {
      element(action, HTMLButtonElement).disabled =
        status?.controllable !== true || !allowed.includes(action);
    }
  }
}

function detail(status: ServerStatus | null): string {
  if (status === null) return 'the API does not answer';
  const running =
    status.uptimeSeconds === null
      ? null
      : `up ${formatDuration(status.uptimeSeconds)}, pid ${String(status.pid)}`;
  if (!status.controllable) return [running, 'run by something else'].filter(Boolean).join('; ');
  if (running !== null) return running;
  if (status.state === 'not_configured') return 'set VS_SERVER_COMMAND to run one';
  if (status.lastExitSignal !== null) return `ended by ${status.lastExitSignal}`;
  return status.lastExitCode === null ? 'not started yet' : `ended with code ${status.lastExitCode}`;
}
