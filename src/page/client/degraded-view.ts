import { setText } from './dom.js';
import { type MakeView } from './view.js';

/** Says that samples are kept in memory only, and why. */
export const degradedView: MakeView =
  ({ state }) =>
  () => {
    const { degraded } = state.info;
    setText('degraded', degraded === null ? '' : `Samples are kept in memory only: ${degraded}`);
  };
