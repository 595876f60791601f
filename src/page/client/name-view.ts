import { setText } from './dom.js';
import { type MakeView } from './view.js';

/** Calls the page by the name of the server, when it has one: people keep pages of several open. */
export const nameView: MakeView = ({ state }) => {
  const ownName = document.title;
  return (change) => {
    if (change !== 'start' && change !== 'info') return;
    const name = state.info.serverName || ownName;
    document.title = name;
    setText('server-name', name);
  };
};
