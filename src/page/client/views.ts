import { alertsView } from './alerts-view.js';
import { chartView } from './chart-view.js';
import { degradedView } from './degraded-view.js';
import { eventsView } from './events-view.js';
import { liveView } from './live-view.js';
import { nameView } from './name-view.js';
import { rangeView } from './range-view.js';
import { sampleView } from './sample-view.js';
import { serverView } from './server-view.js';
import { settingsView } from './settings-view.js';
import { type MakeView } from './view.js';

/** The parts of the dashboard. */
export const VIEWS: readonly MakeView[] = [
  nameView,
  liveView,
  degradedView,
  alertsView,
  serverView,
  sampleView,
  settingsView,
  rangeView,
  chartView,
  eventsView,
];
