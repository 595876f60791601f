// What the whole application costs with nobody looking, beside an exporter written in Go that watches the same process.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { cpuSeconds, rssMb, sleep, start, stop, table } from './lib.mjs';
import { startBare } from './start.mjs';

/** Within a minute of the start V8 has compiled what is used often, and has given back what the start needed. */
const WARM_UP_S = 60;
const WINDOW_S = 60;
const EXPORTER = '/usr/bin/prometheus-process-exporter';

export async function appCost() {
  const command = 'sleep 3600';
  const app = await ApiProcess.start({
    VS_DATA_DIR: '',
    VS_METRICS_INTERVAL: '1',
    VS_SERVER_COMMAND: command,
    VS_SERVER_AUTOSTART: 'true',
    VS_SERVER_STOP_COMMAND: '',
  });
  const bare = await startBare();
  const folder = mkdtempSync(join(tmpdir(), 'vsm-bench-'));
  const watched = [
    ['the application, 1 s interval', app.child],
    ['a bare Node HTTP server, idle', bare],
  ];
  let scraper = null;
  if (existsSync(EXPORTER)) {
    const config = join(folder, 'exporter.yml');
    writeFileSync(config, 'process_names:\n  - comm: [sleep]\n');
    const exporter = start(EXPORTER, ['-config.path', config, '-web.listen-address', '127.0.0.1:19256'], {
      stdio: 'pipe',
    });
    // It reads when it is asked, so it is asked once a second.
    scraper = setInterval(
      () =>
        fetch('http://127.0.0.1:19256/metrics').then(
          (r) => r.text(),
          () => 0,
        ),
      1000,
    );
    watched.push(['prometheus-process-exporter, asked once a second', exporter]);
  }
  await sleep(WARM_UP_S * 1000);
  const before = watched.map(([, { pid }]) => cpuSeconds(pid));
  await sleep(WINDOW_S * 1000);
  const rows = watched.map(([name, { pid }], i) => [
    name,
    (((cpuSeconds(pid) - before[i]) * 60) / WINDOW_S).toFixed(2),
    rssMb(pid).toFixed(0),
  ]);
  clearInterval(scraper);
  table('At rest, a minute after the start', [['', 'CPU s a minute', 'memory MiB'], ...rows]);
  for (const [, child] of watched) await stop(child);
  rmSync(folder, { recursive: true });
}
