// Listens to the garbage collector of the process that is named, says when it does, and goes on until it is killed.
import { Logger } from '@nestjs/common';
import { DotnetSession } from '../../../build/telemetry/dotnet/dotnet-session.js';

Logger.overrideLogger(false);
const session = new DotnetSession(JSON.parse(process.argv[2]));
session.open();
const timer = setInterval(() => {
  if (session.counters === null) return;
  clearInterval(timer);
  console.log('listening');
}, 10);
