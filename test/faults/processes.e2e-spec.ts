import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { Children } from '../support/children.js';
import { kernelCpuMs } from '../support/kernel.js';

const METRICS = pathToFileURL(resolve('dist/metrics')).href;
const program = (name: string) => resolve(`test/faults/programs/${name}.mjs`);

interface Usage {
  readonly memoryMb: number;
  readonly cpuPercent: number;
}

/** Namespaces need privileges; CI has them, so there their absence is a failure. */
const mayUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
if (!mayUnshare) {
  if (process.env.CI === 'true') throw new Error('unshare needs privileges');
  process.stderr.write('SKIPPED: namespaces need privileges (unshare)\n');
}
const describeInNamespace = mayUnshare ? describe : describe.skip;

function run(command: string, ...args: string[]): unknown {
  const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

describeInNamespace.each(['native', 'pidusage'])('with the %s engine, in a pid namespace', (engine) => {
  it('a process that was replaced by another with the same pid is a new one', () => {
    const seen = run(
      'unshare',
      ...['--pid', '--fork', '--mount-proc', process.execPath, program('same-pid'), METRICS, engine],
    ) as Record<'first' | 'second' | 'replaced' | 'grown', Usage> & Record<string, unknown>;
    expect(seen.samePid).toBe(true);
    expect(seen.second.cpuPercent).toBeGreaterThan(20);
    // The successor sleeps: nothing of its predecessor's CPU time shows, and the total does not fall.
    expect(seen.replaced.cpuPercent).toBeLessThan(5);
    expect(seen.totalAfter).toBeGreaterThanOrEqual(seen.totalBefore as number);
    expect(seen.young).toBeNull();
    expect(seen.grown.cpuPercent).toBeGreaterThan(20);
    expect(seen.grown.cpuPercent).toBeLessThan(115);
  });

  it('a process that may not be seen reads null, and is reported once', () => {
    // hidepid is mounted in a namespace of its own, and the sampler runs as nobody.
    const script = [
      'mount -t proc -o hidepid=2 proc /proc',
      'sleep 60 & game=$!',
      `setpriv --reuid=65534 --regid=65534 --clear-groups "${process.execPath}" "${program('hidden')}" "${METRICS}" ${engine} $game`,
      'kill -9 $game',
    ].join('\n');
    const seen = run('unshare', ...['--pid', '--fork', '--mount', 'sh', '-c', script]) as {
      samples: unknown[];
      lines: string[];
      own: Usage;
    };
    expect(seen.samples).toEqual([null, null, null]);
    expect(seen.lines.filter((line) => line.includes('cannot be measured'))).toHaveLength(1);
    expect(seen.own.memoryMb).toBeGreaterThan(20);
  });
});

describe('a collector that is held up', () => {
  const children = new Children();
  afterEach(() => children.end());

  it.each(['native', 'pidusage'])('by a full thread pool reads true values (%s)', async (engine) => {
    const { pid } = await children.burning();
    const samples = run(
      process.execPath,
      ...[program('busy-collector'), METRICS, engine, String(pid), 'pool', '0'],
    ) as (Usage & { hashesDone: number })[];
    for (const { cpuPercent } of samples) {
      expect(cpuPercent).toBeGreaterThan(20);
      expect(cpuPercent).toBeLessThan(115);
    }
    const [, during] = samples;
    // The native engine does not use the pool; the library waits for it.
    expect(during?.hashesDone === 0).toBe(engine === 'native');
  });

  it('by an event loop that is blocked for 20 s reads true values', async () => {
    const { pid } = await children.burning();
    const cpuBeganMs = kernelCpuMs(pid);
    const beganMs = performance.now();
    const samples = run(
      process.execPath,
      ...[program('busy-collector'), METRICS, 'native', String(pid), 'block', '20'],
    ) as Usage[];
    const kernelPercent = (100 * (kernelCpuMs(pid) - cpuBeganMs)) / (performance.now() - beganMs);
    const afterBlock = samples[2]?.cpuPercent ?? NaN;
    expect(Math.abs(afterBlock - kernelPercent)).toBeLessThan(8);
  }, 60_000);
});
