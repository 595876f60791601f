import { type AlertMessage } from '../alert-message.js';
import { discordRequest } from './discord.js';
import { ntfyRequest } from './ntfy.js';
import { plainJsonRequest } from './plain-json.js';
import { type ReceiverKind } from './receiver-kind.js';
import { slackRequest } from './slack.js';
import { type WebhookRequest } from './webhook-request.js';

/** How each kind of receiver wants a message. */
const FORMATS: Readonly<Record<ReceiverKind, (message: AlertMessage) => WebhookRequest>> = {
  discord: discordRequest,
  slack: slackRequest,
  ntfy: ntfyRequest,
  json: plainJsonRequest,
};

/**
 * The kind of a receiver, told from its address: Discord and Slack by host or by the form of their paths, so that a proxy in
 * front of them is known as well; ntfy by its host (`ntfy.sh`, or one that begins with `ntfy.`) and the topic; else JSON.
 */
export function receiverKind({ hostname, pathname }: URL): ReceiverKind {
  // Discord takes Slack's form at this path.
  if (/^\/api(\/v\d+)?\/webhooks\/\d+\/[\w-]+\/slack\/?$/.test(pathname)) return 'slack';
  if (/^\/api(\/v\d+)?\/webhooks\/\d+\/[\w-]+\/?$/.test(pathname)) return 'discord';
  if (/^hooks\.slack(-gov)?\.com$/.test(hostname) || /^\/services\/T\w+\/B\w+\/\w+$/.test(pathname)) {
    return 'slack';
  }
  return /^ntfy\./.test(hostname) && /^\/[-\w]{1,64}\/?$/.test(pathname) ? 'ntfy' : 'json';
}

/** What is to be sent to a receiver of this kind. */
export function webhookRequest(kind: ReceiverKind, message: AlertMessage): WebhookRequest {
  return FORMATS[kind](message);
}
