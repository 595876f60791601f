/** What is sent to a receiver, apart from its address. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request with a JSON body. */
export function jsonRequest(body: unknown): WebhookRequest {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
