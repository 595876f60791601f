/** Each kind of receiver that has a form of its own, and `json` for all others. */
export const RECEIVER_KINDS = ['discord', 'slack', 'ntfy', 'json'] as const;

/** A kind of receiver. */
export type ReceiverKind = (typeof RECEIVER_KINDS)[number];
