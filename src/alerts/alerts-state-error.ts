/** What was asked of the alerts cannot be done now; the message says why, for the caller. */
export class AlertsStateError extends Error {}
