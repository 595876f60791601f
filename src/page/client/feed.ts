import { type Api } from './api.js';
import { requestEvents } from './event-request.js';
import { type LiveEvent } from './live-event.js';
import { followStream } from './live.js';
import { type State } from './state.js';
import { requestTail } from './tail.js';

/** Until the page asks again for what it did not get. */
const RETRY_MS = 2000;

/**
 * Fills the state from the stream of samples and events until `closing`, and with what came before it; `onConnect` is
 * called each time when it is connected. Resolves with the reason when the key is refused.
 */
export function feed(api: Api, state: State, closing: AbortSignal, onConnect: () => void): Promise<string> {
  let connections = 0;

  /** Asks for what came before the connection, until it is answered or the connection is another. */
  async function load<T>(ask: () => Promise<T>, take: (answer: T) => void): Promise<void> {
    const connection = connections;
    const isCurrent = () => connection === connections && !closing.aborted;
    while (isCurrent()) {
      const answer = await ask().catch(() => null);
      if (!isCurrent()) return;
      if (answer !== null) {
        take(answer);
        return;
      }
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }

  return new Promise((resolve) => {
    function hear(event: LiveEvent): void {
      switch (event.type) {
        case 'connected':
          connections++;
          state.connect();
          void load(
            () => requestTail(api, state.info.capacity, state.clock),
            (tail) => {
              state.addPast(tail);
            },
          );
          void load(
            () => requestEvents(api),
            (answer) => {
              state.addNewestEvents(answer);
            },
          );
          onConnect();
          return;
        case 'sample':
          state.addSample(event.sample);
          return;
        case 'event':
          state.addEvent(event.event);
          return;
        case 'broken':
          connections++;
          state.disconnect(event.retryInMs);
          return;
        case 'refused':
          resolve(event.reason);
          return;
        case 'alive':
          return;
      }
    }
    followStream(api, hear, closing);
  });
}
