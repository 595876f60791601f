import { GAME_LINE } from './game-line.js';

const KINDS = /^(?:Event|Notification|Warning|Error|Fatal)$/;
const STOP_REASON = /\bStop reason: *(.*)$/;
const READY = /now running on Port \d/;

/** What the game wrote after `Stop reason:` in these lines, the last of one run; null when it wrote none. */
export function stopReasonIn(lines: readonly string[]): string | null {
  for (const line of lines.toReversed()) {
    const prefix = GAME_LINE.exec(line);
    if (prefix === null || !KINDS.test(prefix[1] ?? '')) continue;
    const message = line.slice(prefix[0].length);
    // What stands before is of an earlier run.
    if (READY.test(message)) return null;
    const reason = STOP_REASON.exec(message)?.[1];
    if (reason !== undefined) return reason;
  }
  return null;
}
