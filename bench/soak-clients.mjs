// The clients of the soak, in a process of their own so that their memory is not taken for the application's.
// Messages in: { url, headers }, 'run', 'pause', 'end'; out: 'steady', 'paused', and at the end what was received.
import { Agent, get } from 'node:http';
import { sleep } from './lib.mjs';

const CLIENTS = 100;
const STAY_MS = 5000;
const AWAY_MS = 500;
/** Well below the span of the memory (360 samples), from which what was missed is replayed. */
const AWAY_RESUMING_MS = 2000;
/** Of ten clients, four read, three do not, three come back with Last-Event-ID. */
const KINDS = ['reads', 'resumes', 'deaf', 'reads', 'resumes', 'deaf', 'reads', 'resumes', 'deaf', 'reads'];

const agent = new Agent({ keepAlive: false });
const clients = Array.from({ length: CLIENTS }, (_, i) => ({ kind: KINDS[i % KINDS.length], ids: [] }));
let server;
let running = false;
let opened = 0;
let refused = 0;

/** Opens a stream and appends the id of each whole event to `ids`; `left()` ends it and resolves when it is closed. */
function open({ kind, ids }) {
  const headers = { ...server.headers };
  if (kind === 'resumes' && ids.length > 0) headers['last-event-id'] = String(ids.at(-1));
  const request = get(server.url, { headers, agent });
  const closed = new Promise((resolve) => request.once('close', resolve));
  let gone = false;
  request.on('error', () => {
    if (!gone) refused += 1;
  });
  const answered = new Promise((resolve) => {
    closed.then(resolve);
    request.once('response', (response) => {
      if (response.statusCode !== 200) refused += 1;
      response.on('error', () => undefined);
      resolve();
      if (kind === 'deaf') return;
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        const events = (text + chunk).split('\n\n');
        text = events.pop();
        for (const event of events) {
          const id = /^id: (\d+)$/m.exec(event);
          if (id !== null) ids.push(Number(id[1]));
        }
      });
    });
  });
  opened += 1;
  const left = () => {
    gone = true;
    request.destroy();
    return closed;
  };
  return { answered, closed, left };
}

async function comeAndGo(client) {
  while (running) {
    if (client.kind !== 'resumes') client.ids.length = 0;
    const stream = open(client);
    await Promise.race([stream.closed, pausable(Math.random() * STAY_MS)]);
    await stream.left();
    await pausable(Math.random() * (client.kind === 'resumes' ? AWAY_RESUMING_MS : AWAY_MS));
  }
}

let stopWaiting = () => undefined;
let paused;
function pausable(ms) {
  return Promise.race([sleep(ms), paused]);
}

let loops = [];
const steady = { kind: 'reads', ids: [] };
let steadyStream;
const commands = {
  async begin(message) {
    server = message;
    steadyStream = open(steady);
    await steadyStream.answered;
    process.send('steady');
  },
  run() {
    running = true;
    paused = new Promise((resolve) => (stopWaiting = resolve));
    loops = clients.map(comeAndGo);
  },
  async pause() {
    running = false;
    stopWaiting();
    await Promise.all(loops);
    process.send('paused');
  },
  async end() {
    await steadyStream.left();
    const resumed = clients.filter(({ kind }) => kind === 'resumes').map(({ ids }) => ids);
    process.send({ opened, refused, steady: steady.ids, resumed }, () => process.disconnect());
  },
};
process.on('message', (message) => commands[message.command](message));
// Also when the soak was killed: nothing is left behind.
process.on('disconnect', () => process.exit(0));
