import { type AlertMessage } from '../alert-message.js';
import { colourOf, cut, factsOf, titleOf } from './message-text.js';
import { jsonRequest, type WebhookRequest } from './webhook-request.js';

/** Slack cuts a text off at 40,000 characters, and asks for 4,000 at most (https://docs.slack.dev/changelog/2018-truncating-really-long-messages). */
const TEXT = 3000;

/** A message as Slack takes it, and what is compatible with it: a text, and an attachment with a colour and the facts. */
export function slackRequest(message: AlertMessage): WebhookRequest {
  const title = shown(titleOf(message));
  return jsonRequest({
    text: title,
    mrkdwn: false,
    attachments: [
      {
        color: `#${colourOf(message).toString(16).padStart(6, '0')}`,
        fallback: title,
        text: shown(message.text),
        mrkdwn_in: [],
        fields: factsOf(message).map(([name, value]) => ({ title: name, value: shown(value), short: true })),
        ts: Math.floor(Date.parse(message.timestamp) / 1000),
        ...(message.link === null ? {} : { title: 'Open the page', title_link: message.link }),
      },
    ],
  });
}

/** These three are what Slack's markup is made of (https://docs.slack.dev/messaging/formatting-message-text). */
function shown(text: string): string {
  return cut(text, TEXT).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
