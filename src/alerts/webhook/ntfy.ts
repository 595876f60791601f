import { type AlertMessage } from '../alert-message.js';
import { cut, factsOf, oneLine, titleOf } from './message-text.js';
import { type WebhookRequest } from './webhook-request.js';

/** ntfy makes a file of a body over 4,096 bytes (https://docs.ntfy.sh/publish/#limitations); a character has up to three per UTF-16 unit. */
const TEXT = 1300;
const TITLE = 250;
/** An encoded word has at most 75 characters (RFC 2047, section 2), of which 12 are its frame. */
const WORD_BYTES = 45;

/** A message as ntfy takes it: the text is the body; title, priority, tags and link are headers. */
export function ntfyRequest(message: AlertMessage): WebhookRequest {
  const { status, level, link } = message;
  const isOver = status === 'resolved';
  const tag = { info: 'information_source', warning: 'warning', error: 'rotating_light' }[level];
  const facts = factsOf(message).map(([name, value]) => `${name}: ${value}`);
  return {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      title: headerText(cut(titleOf(message), TITLE)),
      // 3 is the default; 5 makes itself heard at night.
      priority: isOver ? '3' : { info: '3', warning: '4', error: '5' }[level],
      tags: isOver ? 'white_check_mark' : tag,
      ...(link === null ? {} : { click: headerText(link) }),
    },
    // An empty one would read "triggered".
    body:
      [cut(message.text, TEXT), ...facts].filter((line) => line !== '').join('\n') || oneLine(message.what),
  };
}

/** A header holds ASCII alone; ntfy reads encoded words of RFC 2047. */
function headerText(text: string): string {
  const line = oneLine(text);
  if (/^[\x20-\x7e]*$/.test(line)) return line;
  const words: string[] = [''];
  for (const character of line) {
    const longer = `${words.at(-1) ?? ''}${character}`;
    if (Buffer.byteLength(longer) > WORD_BYTES) words.push(character);
    else words[words.length - 1] = longer;
  }
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ');
}
