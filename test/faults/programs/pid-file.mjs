// Reads a pid file and prints what it says. With a third argument: as root in a pid namespace of its own, writes that
// file for a process, ends the process, gives its pid to another, and prints what was said of both.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const [build, path, isReused] = process.argv.slice(2);
const { PidFile } = await import(`${build}/game-server/pid-file.js`);
const file = new PidFile(path);

async function run(pid) {
  if (pid !== undefined) writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
}

if (isReused === undefined) {
  console.log(JSON.stringify(file.read()));
} else {
  const first = await run();
  writeFileSync(path, String(first.pid));
  const ofFirst = file.read();
  first.kill('SIGKILL');
  await once(first, 'exit');
  // Two that started in the same tick of 10 ms cannot be told apart.
  await delay(30);
  const second = await run(first.pid);
  console.log(JSON.stringify({ pids: [first.pid, second.pid], ofFirst, ofSecond: file.read() }));
  second.kill('SIGKILL');
}
