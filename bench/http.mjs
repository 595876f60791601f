// JSON requests a second, beside a bare Node server that checks the same key and sends the same headers and bytes.
import autocannon from 'autocannon';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { sleep, spread, table } from './lib.mjs';

const ROUNDS = 3;
const SECONDS = 3;
const PATHS = ['api/v1alpha1/metrics/current', 'api/v1alpha1/metrics/history'];

if (!isMainThread) {
  const { key, answers } = workerData;
  const server = createServer((request, response) => {
    if (request.headers['x-api-key'] !== key) return response.writeHead(401).end();
    const { headers, body } = answers[request.url.slice(1)];
    return response.writeHead(200, headers).end(body);
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}

async function load(url) {
  const result = await autocannon({
    url,
    duration: SECONDS,
    connections: 10,
    headers: { 'x-api-key': ADMIN_KEY },
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx + result.errors} failures`);
  return result.requests.average;
}

export async function http() {
  const app = await ApiProcess.start({
    VS_DATA_DIR: '',
    VS_METRICS_INTERVAL: '0.1',
    VS_METRICS_CAPACITY: '360',
  });
  await sleep(37_500);
  const answers = {};
  for (const path of PATHS) {
    const response = await fetch(app.url + path, { headers: { 'x-api-key': ADMIN_KEY } });
    const headers = Object.fromEntries(response.headers);
    for (const name of ['connection', 'date', 'keep-alive']) delete headers[name];
    answers[path] = { headers, body: await response.text() };
  }
  const worker = new Worker(new URL(import.meta.url), { workerData: { key: ADMIN_KEY, answers } });
  const [port] = await once(worker, 'message');
  const rows = [];
  for (const path of PATHS) {
    const runs = [];
    for (let round = -1; round < ROUNDS; round++) {
      const bare = await load(`http://127.0.0.1:${port}/${path}`);
      const own = await load(app.url + path);
      if (round >= 0) runs.push({ bare, own });
    }
    rows.push([
      path,
      answers[path].body.length,
      spread(
        runs.map(({ own }) => own),
        0,
      ),
      spread(
        runs.map(({ bare }) => bare),
        0,
      ),
      spread(
        runs.map(({ own, bare }) => own / bare),
        2,
      ),
    ]);
  }
  table('JSON requests a second', [['', 'bytes', 'the application', 'bare Node', 'ratio'], ...rows]);
  await worker.terminate();
  await app.end();
}
