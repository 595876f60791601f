/** Why a receiver could not be reached, in words; by the error's code alone, since its text may hold the address. */
export function failureText(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string' || !/^[A-Z0-9_]{1,60}$/.test(code)) return 'the connection failed';
  return `${wordsFor(code)} (${code})`;
}

function wordsFor(code: string): string {
  if (/CERT|TLS|SSL|SIGNATURE|EPROTO/.test(code)) return 'a safe connection could not be made';
  return WORDS[code] ?? 'the connection failed';
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before an answer',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'host names cannot be looked up now',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'there is no network',
  ETIMEDOUT: 'its host does not answer',
};

/** What is to be done about an answer that will not get better by itself. */
export function remedyFor(status: number): string {
  if (status === 401 || status === 403) return 'it does not let us in: see that VS_ALERT_WEBHOOK is complete';
  if (status === 404 || status === 410)
    return 'it is not there (any more): make a new webhook, and set VS_ALERT_WEBHOOK';
  if (status === 301 || status === 308)
    return 'it has moved: set VS_ALERT_WEBHOOK to where it leads, as redirects are not followed';
  if (status === 413) return 'the message is too long for it';
  return 'it does not take such a message: see that VS_ALERT_WEBHOOK is the address for webhooks';
}
