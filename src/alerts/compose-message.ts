import { randomUUID } from 'node:crypto';
import { type AlertMessage } from './alert-message.js';
import { type AlertTransition } from './rules/alert-transition.js';

/** How a server shows itself in messages; empty: not set. */
export interface MessageSender {
  readonly serverName: string;
  readonly publicUrl: string;
}

/** The message about something that people are told. */
export function composeMessage(transition: AlertTransition, sender: MessageSender): AlertMessage {
  return {
    id: randomUUID(),
    server: sender.serverName || 'Game server',
    ...transition,
    link: sender.publicUrl || null,
  };
}

/** A message that says nothing but that messages arrive. */
export function testMessage(sender: MessageSender, date: Date): AlertMessage {
  const timestamp = date.toISOString();
  return composeMessage(
    {
      rule: 'test',
      status: 'test',
      level: 'info',
      what: 'Alerts arrive here',
      text: 'Somebody asked for this message to see whether it arrives.',
      measure: null,
      since: timestamp,
      timestamp,
      count: 1,
    },
    sender,
  );
}
