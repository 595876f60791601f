import { type AlertStatus } from './rules/alert-engine.js';
import { type ReceiverKind } from './webhook/receiver-kind.js';

/** How the alerts stand; also the wire format. It never has the receiver's address. */
export interface AlertsOverview {
  readonly webhook: {
    readonly isConfigured: boolean;
    /** Null: there is none. */
    readonly kind: ReceiverKind | null;
    /** How many messages wait to be sent. */
    readonly waiting: number;
    /** Why the last message was not taken; null: it was, or none was sent yet. */
    readonly problem: string | null;
  };
  readonly rules: readonly AlertStatus[];
}
