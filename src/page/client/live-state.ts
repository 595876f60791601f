import { element, setText } from './dom.js';

/** Says in the head of the page how the connection is; the state gives the colour. */
export function showLive(state: 'connecting' | 'live' | 'stale' | 'reconnecting', text: string): void {
  element('live', HTMLElement).dataset.state = state;
  setText('live', text);
}
