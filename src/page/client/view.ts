import { type Api } from './api.js';
import { type Change, type State } from './state.js';

/** What a view is made with. */
export interface Page {
  readonly api: Api;
  readonly state: State;
  /** Asks for the info anew: something was set that it tells. */
  readonly refreshInfo: () => void;
  /** Ends the view. */
  readonly closing: AbortSignal;
}

/** Draws a part of the page; called at the start and after each change of the state. */
export type View = (change: Change) => void;

/** Makes a view on the elements of the page. */
export type MakeView = (page: Page) => View;
