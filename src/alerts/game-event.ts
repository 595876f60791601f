import { type TimelineEvent } from '../events/event.js';
import { type GameEvent } from './rules/game-watch.js';

/** What an event of the timeline means for the alert about the game; null: nothing. */
export function gameEventOf({ kind, text }: TimelineEvent): GameEvent | null {
  switch (kind) {
    case 'game_starting':
      return { kind: 'starting' };
    case 'game_start_failed':
      return { kind: 'down', how: text };
    case 'game_crashed':
      return { kind: 'crashed', how: text };
    case 'game_restarted':
      return { kind: 'restarted' };
    case 'game_stays_down':
      return { kind: 'gaveUp', how: text };
    case 'game_stopped':
      return { kind: 'stopped' };
    default:
      return null;
  }
}
