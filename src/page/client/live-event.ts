import { type Sample, type TimelineEvent } from './wire.js';

/** What a stream tells, in the order in which it happens. Plain data: it may come from another thread. */
export type LiveEvent =
  /** From here on nothing is missed; what came before has to be asked for. */
  | { readonly type: 'connected' }
  | { readonly type: 'sample'; readonly sample: Sample }
  /** Something happened. */
  | { readonly type: 'event'; readonly event: TimelineEvent }
  /** Nothing new, but whoever tells is there. */
  | { readonly type: 'alive' }
  | { readonly type: 'broken'; readonly retryInMs: number }
  /** The key is refused; nothing comes after this. */
  | { readonly type: 'refused'; readonly reason: string };

/** Is told of a stream. */
export type LiveListener = (event: LiveEvent) => void;
