// A process of a pid namespace is started from outside, and its parent ends: from then on it is a child of the
// namespace's first process, without a new pid. Usage: node taken-in.mjs METRICS_URL
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const { LinuxReader } = await import(`${process.argv[2]}/process/linux/linux-reader.js`);
const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();

const namespace = spawn('unshare', ['--pid', '--fork', '--kill-child', 'sleep', '60']);
while (childrenOf(namespace.pid) === '') await delay(10);
const pid = Number(childrenOf(namespace.pid));
const entered = spawn('nsenter', [
  '--target',
  String(pid),
  '--pid',
  'sh',
  '-c',
  'sleep 60 & echo; read line',
]);
await once(entered.stdout, 'data');
await delay(200);

const reader = new LinuxReader();
const rssBytes = [(await reader.read(pid)).rssBytes];
entered.stdin.end();
await once(entered, 'exit');
while (childrenOf(pid) === '') await delay(10);
// A minute later.
const now = performance.now.bind(performance);
performance.now = () => now() + 60_000;
rssBytes.push((await reader.read(pid)).rssBytes);
// With it goes all of the namespace.
process.kill(pid, 'SIGKILL');
console.log(JSON.stringify({ rssBytes }));
