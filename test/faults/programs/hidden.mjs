// Samples a process of somebody else that this user may not see; prints the samples and what was logged.
import { Logger } from '@nestjs/common';

const [build, engine, pid] = process.argv.slice(2);
const { ProcessSampler } = await import(`${build}/metrics/process-sampler.js`);
const { LinuxReader } = await import(`${build}/process/linux/linux-reader.js`);
const { PidusageReader } = await import(`${build}/process/pidusage-reader.js`);
const lines = [];
Logger.overrideLogger({
  log: (line) => lines.push(line),
  warn: (line) => lines.push(line),
  error: (line) => lines.push(line),
});

const sampler = new ProcessSampler(engine === 'native' ? new LinuxReader() : new PidusageReader());
const samples = [];
for (let i = 0; i < 3; i++) samples.push(await sampler.sampleGame(Number(pid)));
console.log(JSON.stringify({ samples, lines, own: sampler.sampleOwn() }));
