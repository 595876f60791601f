import { type AlertMessage } from '../alert-message.js';
import { colourOf, cut, factsOf, titleOf } from './message-text.js';
import { jsonRequest, type WebhookRequest } from './webhook-request.js';

/*
 * https://docs.discord.com/developers/resources/message#embed-object-embed-limits and
 * https://docs.discord.com/developers/resources/webhook#execute-webhook: a title of 256 characters, a description of 4,096,
 * 25 fields of 256 and 1,024, 6,000 in all; content of 2,000.
 */
const TITLE = 256;
const DESCRIPTION = 3000;
const FIELD_VALUE = 1024;
const CONTENT = 2000;

/**
 * A message as Discord takes it: one embed, its title also as the content, which is what a phone shows. No name, since a
 * name that Discord does not like would lose the message.
 */
export function discordRequest(message: AlertMessage): WebhookRequest {
  const title = titleOf(message);
  return jsonRequest({
    content: cut(plain(title), CONTENT),
    embeds: [
      {
        title: cut(plain(title), TITLE),
        ...(message.text === '' ? {} : { description: cut(plain(message.text), DESCRIPTION) }),
        color: colourOf(message),
        timestamp: message.timestamp,
        fields: factsOf(message).map(([name, value]) => ({
          name,
          value: cut(name === 'Since' ? localTime(message.since) : plain(value), FIELD_VALUE),
          inline: true,
        })),
        ...(message.link === null ? {} : { url: message.link }),
      },
    ],
    // A server that is named @everyone calls nobody.
    allowed_mentions: { parse: [] },
  });
}

/** Discord shows it in each reader's own time zone, and how long ago it was. */
function localTime(iso: string): string {
  const seconds = Math.floor(Date.parse(iso) / 1000);
  return `<t:${seconds}:f> (<t:${seconds}:R>)`;
}

/** What Discord would take for Markdown or a mention is shown as it is. */
function plain(text: string): string {
  return text.replaceAll(/[\\*_~`|<>[\]#]/g, '\\$&');
}
