import { type AlertMessage } from '../alert-message.js';
import { jsonRequest, type WebhookRequest } from './webhook-request.js';

/** A message for a receiver of one's own: all of its fields, the number flat, and the version of this form. */
export function plainJsonRequest({ measure, ...message }: AlertMessage): WebhookRequest {
  return jsonRequest({
    version: 1,
    ...message,
    value: measure?.value ?? null,
    threshold: measure?.threshold ?? null,
    unit: measure?.unit ?? null,
  });
}
