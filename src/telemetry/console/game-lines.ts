import { GAME_LINE } from '../../game-server/game-line.js';

/** Why a game stopped, as far as its line says; what else is in that line may name somebody. */
export type StopReason = 'asked' | 'memory' | 'disk' | 'errors' | 'signal' | 'other';

/** Something that happened in the game, by one line of its output. */
export type Happening =
  | { readonly what: 'ready' }
  | { readonly what: 'overloaded'; readonly tickMs: number }
  | { readonly what: 'suspended' | 'resumed' | 'joined' | 'left' | 'autosaveFailed' | 'memoryHigh' }
  | { readonly what: 'diskLow'; readonly freeMb: number | null }
  | { readonly what: 'stopping'; readonly reason: StopReason };

const KINDS = /^(?:Event|Notification|Warning|Error|Fatal)$/;
// The words before are localised. What players write is a line of another kind.
const READY = /now running on Port \d/;
const OVERLOADED = /^Server overloaded\. A tick took (\d{1,9})(?:[.,]\d+)? ?ms/;
const JOINED = /^\S+ \S* ?joins\.$/;
const LEFT = /^Player \S.* left\.$/;
const DISK_LOW = /^Disk space is below \d+ megabytes(?: \((\d{1,9}) ?mb left)?/i;
const STOPPING = 'Stop reason:';

const REASONS: readonly (readonly [StopReason, RegExp])[] = [
  ['memory', /memory/i],
  ['disk', /disk/i],
  ['errors', /error|exception|crash/i],
  ['signal', /SIG[A-Z]+|signal|ctrl|process exit/i],
  ['asked', /command|console|shut ?down|stop|restart|request/i],
];

/**
 * Reads what happened from a line of the game's console, or of its `server-main.log`; null for every other line. Lines of
 * chat, which may hold anything, are of another kind (`[Server Chat]`), and what is looked for stands at a line's beginning.
 */
export function happeningIn(line: string): Happening | null {
  const prefix = GAME_LINE.exec(line);
  if (prefix === null || !KINDS.test(prefix[1] ?? '')) return null;
  const message = line.slice(prefix[0].length);
  return prefix[1] === 'Event' ? eventIn(message) : noticeIn(message);
}

function eventIn(message: string): Happening | null {
  if (message.endsWith(' joins.') && JOINED.test(message)) return { what: 'joined' };
  if (message.endsWith(' left.') && LEFT.test(message)) return { what: 'left' };
  if (READY.test(message)) return { what: 'ready' };
  return noticeIn(message);
}

function noticeIn(message: string): Happening | null {
  switch (message.charCodeAt(0)) {
    case 0x44: // D
      return diskLowIn(message);
    case 0x53: // S
      return serverNoticeIn(message);
    case 0x54: // T
      return message.startsWith('The server is currently using more than 90% of its maximum allowed memory')
        ? { what: 'memoryHigh' }
        : null;
    case 0x55: // U
      return message.startsWith('Unable to autosave') ? { what: 'autosaveFailed' } : null;
    default:
      return null;
  }
}

function serverNoticeIn(message: string): Happening | null {
  if (message.startsWith('Server ticking has been ')) {
    if (message.startsWith('suspended', 24)) return { what: 'suspended' };
    return message.startsWith('resumed', 24) ? { what: 'resumed' } : null;
  }
  if (message.startsWith(STOPPING)) return { what: 'stopping', reason: reasonIn(message) };
  const tickMs = OVERLOADED.exec(message)?.[1];
  return tickMs === undefined ? null : { what: 'overloaded', tickMs: Number(tickMs) };
}

function reasonIn(message: string): StopReason {
  const text = message.slice(STOPPING.length);
  return REASONS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other';
}

function diskLowIn(message: string): Happening | null {
  const match = DISK_LOW.exec(message);
  if (match === null) return null;
  return { what: 'diskLow', freeMb: match[1] === undefined ? null : Number(match[1]) };
}
