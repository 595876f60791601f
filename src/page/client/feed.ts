import { type Api } from './api.js';
import { type LiveEvent } from './live-event.js';
import { followSamples } from './live.js';
import { type State } from './state.js';
import { requestTail } from './tail.js';

/** Until the page asks again for samples that it did not get. */
const RETRY_MS = 2000;

/**
 * Fills the state from the stream of samples until `closing`, and with what came before it; `onConnect` is called each
 * time when it is connected. Resolves with the reason when the key is refused.
 */
export function feed(api: Api, state: State, closing: AbortSignal, onConnect: () => void): Promise<string> {
  let connections = 0;

  /** Asks for what came before the connection, until it is answered or the connection is another. */
  async function loadPast(): Promise<void> {
    const connection = ++connections;
    const isCurrent = () => connection === connections && !closing.aborted;
    while (isCurrent()) {
      const tail = await requestTail(api, state.info.capacity, state.clock).catch(() => null);
      if (!isCurrent()) return;
      if (tail !== null) {
        state.addPast(tail);
        return;
      }
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }

  return new Promise((resolve) => {
    function hear(event: LiveEvent): void {
      switch (event.type) {
        case 'connected':
          state.connect();
          void loadPast();
          onConnect();
          return;
        case 'sample':
          state.addSample(event.sample);
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
    followSamples(api, hear, closing);
  });
}
