// Loaded and waiting; at a word on its input it sends what is left, and adds messages as fast as it can until it is killed.
import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { AlertStore } from '../../../build/alerts/alert-store.js';
import { postWebhook } from '../../../build/alerts/webhook/webhook-client.js';
import { webhookRequest } from '../../../build/alerts/webhook/webhook-format.js';
import { WebhookQueue } from '../../../build/alerts/webhook/webhook-queue.js';

const [, , folder, address, run] = process.argv;
Logger.overrideLogger(false);
await once(process.stdin, 'data');
const queue = new WebhookQueue(new AlertStore(folder), (message, signal) =>
  postWebhook(new URL(address), webhookRequest('json', message), { signal }),
);
queue.start();
for (let number = 0; ; number++) {
  const now = new Date().toISOString();
  const id = `${run}-${number}`;
  const what = {
    status: 'firing',
    level: 'error',
    what: 'The game crashed',
    text: '',
    measure: null,
    count: 1,
    link: null,
  };
  queue.add([{ id, server: 'My world', rule: 'game', ...what, since: now, timestamp: now }]);
  writeSync(1, `${id}\n`);
  await new Promise((done) => setTimeout(done, 20));
}
