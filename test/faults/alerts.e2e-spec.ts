import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded } from '../../src/testing/game-programs.js';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { waitFor } from '../../src/testing/wait-for.js';
import { WebhookReceiver } from '../../src/testing/webhook-receiver.js';

const KILLS = 50;

/** The program as one file: to load it takes a third of what its modules take one by one. */
function bundled(folder: string): string {
  const outfile = join(folder, 'alert-queue.mjs');
  const options = {
    entryPoints: ['test/faults/programs/alert-queue.mjs'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    // Nest asks for these where they are installed.
    external: ['class-transformer', 'class-validator'],
  };
  // Not in here: esbuild refuses Jest's own globals.
  const script = `import { build } from 'esbuild'; await build(${JSON.stringify(options)});`;
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  return outfile;
}

describe('alert messages when the API is killed', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let receiver: WebhookReceiver;
  let program: string;
  const children: ChildProcess[] = [];
  /** When the answer 2xx to a message was sent, the last time. */
  const answeredMs = new Map<string, number>();

  beforeEach(async () => {
    folder = temporaryFolder();
    program = bundled(folder.path);
    receiver = await WebhookReceiver.start([
      (response, received) => {
        const { id } = JSON.parse(received.body) as { id: string };
        setTimeout(
          () => response.writeHead(204).end(() => answeredMs.set(id, performance.now())),
          Math.random() * 4,
        );
      },
    ]);
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map(hasEnded));
    await receiver.stop();
    folder.remove();
  });

  function load(run: number): { child: ChildProcess; added: () => string[] } {
    const args = [program, join(folder.path, 'data'), receiver.address().href, String(run)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    child.stdin.on('error', () => undefined);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return {
      child,
      added: () =>
        output
          .trim()
          .split('\n')
          .filter((line) => line !== ''),
    };
  }

  const ids = () => receiver.received.map(({ body }) => (JSON.parse(body) as { id: string }).id);

  it('are each told at least once, and twice only if it was on its way at that moment', async () => {
    const added: string[] = [];
    /** The last message that had arrived when a run was killed. */
    const underway = new Set<string>();
    /** For each answer that was sent before a kill and then asked for again: how long before the kill it was sent. */
    const overheardMs: number[] = [];
    let before: { id: string; leadMs: number; count: number } | null = null;
    // To load a program takes longer than all else here: some are ahead.
    const loaded = [0, 1, 2].map(load);
    for (let run = 0; run <= KILLS; run++) {
      const { child, added: ofThisRun } = loaded.shift() ?? load(run);
      if (run + 3 <= KILLS) loaded.push(load(run + 3));
      child.stdin?.write('go\n');
      await waitFor(() => ofThisRun().length > 0, 'a message is added', 120_000);
      // The last one sends all that is left.
      if (run === KILLS)
        await waitFor(() => added.every((id) => ids().includes(id)), 'each is told', 120_000);
      else await delay(Math.random() * 40);
      const killedMs = performance.now();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
      // What it had sent has been read after some turns of the event loop, however late they come.
      for (let turn = 0; turn < 10; turn++) await delay(1);
      added.push(...ofThisRun());
      const all = ids();
      if (before !== null && before.leadMs > 0 && all.indexOf(before.id, before.count) !== -1) {
        overheardMs.push(before.leadMs);
      }
      const last = all.at(-1);
      if (last === undefined) continue;
      underway.add(last);
      const answered = answeredMs.get(last) ?? Infinity;
      before = { id: last, leadMs: killedMs - answered, count: all.length };
      answeredMs.delete(last);
    }

    const all = ids();
    expect(added.filter((id) => !all.includes(id) && !id.startsWith(`${KILLS}-`))).toEqual([]);
    const twice = all.filter((id, at) => all.indexOf(id) !== at);
    expect(twice.filter((id) => !underway.has(id))).toEqual([]);
    // In order: what was added first is told first.
    const firstTold = [...new Set(all)].map((id) => id.split('-').map(Number));
    const sorted = firstTold.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
    expect(firstTold).toEqual(sorted);
    process.stderr.write(
      `killed ${KILLS} times: ${added.length} messages, ${twice.length} sent again, ${overheardMs.length} of them although the ` +
        `answer had been sent (${overheardMs.map((ms) => ms.toFixed(1)).join(', ')} ms before the kill)\n`,
    );
  }, 600_000);
});
