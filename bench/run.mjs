// npm run bench [sample|threads|accuracy|console|app|start|http|page|prometheus|dotnet|alerts]: what this costs and how true it is, measured on your machine.
import { Logger } from '@nestjs/common';
import { cpus } from 'node:os';
import { accuracy } from './accuracy.mjs';
import { alerts } from './alerts.mjs';
import { appCost } from './app-cost.mjs';
import { consoleCost } from './console.mjs';
import { dotnet } from './dotnet.mjs';
import { http } from './http.mjs';
import { manyThreads } from './many-threads.mjs';
import { page } from './page.mjs';
import { prometheus } from './prometheus.mjs';
import { sampleCost } from './sample-cost.mjs';
import { startCost } from './start.mjs';

const parts = {
  sample: sampleCost,
  threads: manyThreads,
  accuracy,
  console: consoleCost,
  app: appCost,
  start: startCost,
  http,
  page,
  prometheus,
  dotnet,
  alerts,
};
Logger.overrideLogger(false);
const wanted = process.argv.slice(2);
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}; median ± half the quartiles’ range`,
);
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length === 0 || wanted.includes(name)) await run();
}
process.exit(0);
