/** How much an event may matter, the least first. */
export const EVENT_LEVELS = ['info', 'warning', 'error'] as const;

/** How much an event matters. */
export type EventLevel = (typeof EVENT_LEVELS)[number];

/** No facts are needed for the sentence. */
type NoFacts = Readonly<Record<string, never>>;
/** How often it happened, when several were put together. */
interface Counted {
  readonly count: number;
}

/** What each kind of event is told with. No name of a player, no key and no address may be in it. */
export interface EventFacts {
  api_started: NoFacts;
  api_stopped: NoFacts;
  /** Found at the next start: `aliveAtMs` is when it was last known to run (ms since the epoch), if that is known. */
  api_killed: { readonly aliveAtMs: number | null };
  collection_paused: NoFacts;
  collection_resumed: NoFacts;
  collection_interval_changed: { readonly seconds: number };
  game_starting: NoFacts;
  game_start_failed: NoFacts;
  /** `seconds` since it was started; null where that is not known. */
  game_ready: { readonly seconds: number | null };
  game_stopping: NoFacts;
  game_stopped: NoFacts;
  game_stop_reason: { readonly reason: 'asked' | 'memory' | 'disk' | 'errors' | 'signal' | 'other' };
  /** `signal`: its name. Both null when nobody could tell how it ended. `cause` for programs; `how` is the sentence. */
  game_crashed: {
    readonly exitCode: number | null;
    readonly signal: string | null;
    readonly cause: string;
    readonly how: string;
  };
  game_taken_over: { readonly pid: number };
  /** By this program, after a crash; `attempt` counts from 1. */
  game_restarted: { readonly attempt: number };
  /** It is not started again any more. */
  game_stays_down: { readonly crashes: number };
  /** `tickMs` is the longest of them. */
  tick_overload: Counted & { readonly tickMs: number };
  /** `pauseMs` is the longest of them. */
  gc_pause: Counted & { readonly pauseMs: number };
  ticking_suspended: Counted;
  ticking_resumed: Counted;
  players_joined: Counted;
  players_left: Counted;
  autosave_failed: Counted;
  game_memory_high: Counted;
  /** `freeMb` is the least room of them. */
  game_disk_low: Counted & { readonly freeMb: number | null };
  /** `problem`: a part of a sentence, such as `the disk is full`. */
  history_degraded: { readonly problem: string };
  history_recovered: NoFacts;
  /** `condition`: a part of a sentence, such as `memory is above 90 % of its limit`. */
  alert_fired: { readonly condition: string };
  alert_resolved: { readonly condition: string };
}

/** What happened: the name by which programs know it. */
export type EventKind = keyof EventFacts;

interface KindOfEvent<K extends EventKind> {
  readonly level: EventLevel;
  /** One English sentence. */
  readonly text: (facts: EventFacts[K]) => string;
}

/** Every kind of event, with its level and its sentence. */
export const EVENT_KINDS: { readonly [K in EventKind]: KindOfEvent<K> } = {
  api_started: { level: 'info', text: () => 'The API has started.' },
  api_stopped: { level: 'info', text: () => 'The API was stopped.' },
  api_killed: {
    level: 'error',
    text: ({ aliveAtMs }) => {
      const when = aliveAtMs === null ? '' : `; it was last alive at ${new Date(aliveAtMs).toISOString()}`;
      return `The API was killed${when}.`;
    },
  },
  collection_paused: { level: 'info', text: () => 'No samples are taken any more.' },
  collection_resumed: { level: 'info', text: () => 'Samples are taken again.' },
  collection_interval_changed: {
    level: 'info',
    text: ({ seconds }) => `A sample is taken every ${number(seconds)} s now.`,
  },
  game_starting: { level: 'info', text: () => 'The game server is starting.' },
  game_start_failed: {
    level: 'error',
    text: () => 'The game server could not be started; its state and the log tell why.',
  },
  game_ready: {
    level: 'info',
    text: ({ seconds }) => {
      const after = seconds === null ? '' : ` ${number(seconds)} s after its start`;
      return `The game server is ready${after}: players can join.`;
    },
  },
  game_stopping: { level: 'info', text: () => 'The game server is stopping.' },
  game_stopped: { level: 'info', text: () => 'The game server has stopped.' },
  game_stop_reason: { level: 'info', text: ({ reason }) => STOP_TEXTS[reason] },
  game_crashed: {
    level: 'error',
    text: ({ how }) => how,
  },
  game_taken_over: {
    level: 'warning',
    text: ({ pid }) =>
      `The game server of an earlier run of the API still ran, pid ${pid}; it was taken over.`,
  },
  game_restarted: {
    level: 'warning',
    text: ({ attempt }) => `The game server is started again after its crash (attempt ${attempt}).`,
  },
  game_stays_down: {
    level: 'error',
    text: ({ crashes }) =>
      `The game server stays down: it crashed ${crashes} times in half an hour. Start it by hand.`,
  },
  tick_overload: {
    level: 'warning',
    text: ({ count, tickMs }) =>
      count === 1
        ? `The game server is overloaded: a tick took ${number(tickMs)} ms.`
        : `The game server is overloaded: ${count} ticks were too long, the longest took ${number(tickMs)} ms.`,
  },
  gc_pause: {
    level: 'warning',
    text: ({ count, pauseMs }) =>
      count === 1
        ? `A garbage collection held the game for ${number(pauseMs)} ms.`
        : `${count} garbage collections held the game for long, the longest for ${number(pauseMs)} ms.`,
  },
  ticking_suspended: {
    level: 'info',
    text: ({ count }) => `The game has been suspended${times(count)}: nothing ticks.`,
  },
  ticking_resumed: { level: 'info', text: ({ count }) => `The game has been resumed${times(count)}.` },
  players_joined: {
    level: 'info',
    text: ({ count }) => (count === 1 ? 'A player joined.' : `${count} players joined.`),
  },
  players_left: {
    level: 'info',
    text: ({ count }) => (count === 1 ? 'A player left.' : `${count} players left.`),
  },
  autosave_failed: {
    level: 'error',
    text: ({ count }) => `The game server could not save the world by itself${times(count)}.`,
  },
  game_memory_high: {
    level: 'warning',
    text: () =>
      'The game server uses more than 90 % of the memory that its configuration allows; above it, it stops.',
  },
  game_disk_low: {
    level: 'error',
    text: ({ freeMb }) => {
      const left = freeMb === null ? '' : `: ${number(freeMb)} MB are left`;
      return `The disk of the game server is nearly full${left}.`;
    },
  },
  history_degraded: {
    level: 'error',
    text: ({ problem }) => `The history is not written to its file: ${problem}.`,
  },
  history_recovered: { level: 'info', text: () => 'The history is written to its file again.' },
  alert_fired: { level: 'warning', text: ({ condition }) => `Alert: ${condition}.` },
  alert_resolved: { level: 'info', text: ({ condition }) => `Alert over: ${condition}.` },
};

const STOP_TEXTS: Readonly<Record<EventFacts['game_stop_reason']['reason'], string>> = {
  asked: 'The game server says that it was asked to stop.',
  memory: 'The game server says that it stops because of its memory.',
  disk: 'The game server says that it stops because its disk is nearly full.',
  errors: 'The game server says that it stops because of an error.',
  signal: 'The game server says that it stops because of a signal.',
  other: 'The game server says that it stops; its last lines tell why.',
};

/** The names of all kinds. */
export const EVENT_KIND_NAMES = Object.keys(EVENT_KINDS) as readonly EventKind[];

function times(count: number): string {
  return count === 1 ? '' : ` (${count} times)`;
}

/** To one decimal. */
function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}
