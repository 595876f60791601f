import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { Children } from '../../src/testing/children.js';
import { kernelCpuPercent, type KernelMark } from '../../src/testing/kernel.js';
import { describeWithNamespaces } from '../support/namespaces.js';

const BUILD = pathToFileURL(resolve('build')).href;
const programFile = (name: string) => resolve(`test/faults/programs/${name}.mjs`);

interface Usage {
  readonly memoryMb: number;
  readonly cpuPercent: number;
  readonly startedAt: string;
}

const describeInNamespace = describeWithNamespaces();

function run(command: string, ...args: string[]): unknown {
  const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

describeInNamespace.each(['native', 'pidusage'])('with the %s reader, in a pid namespace', (engine) => {
  it('a process that was replaced by another with the same pid is a new one', () => {
    const seen = run(
      'unshare',
      ...['--pid', '--fork', '--mount-proc', process.execPath, programFile('same-pid'), BUILD, engine],
    ) as Record<'first' | 'second' | 'replaced' | 'grown', Usage> & { young: Usage | null } & Record<
        string,
        unknown
      >;
    expect(seen.samePid).toBe(true);
    expect(seen.second.cpuPercent).toBeGreaterThan(5);
    // The successor sleeps: nothing of its predecessor's CPU time shows, and the total does not fall.
    expect(seen.replaced.cpuPercent).toBeLessThan(5);
    expect(seen.totalAfter).toBeGreaterThanOrEqual(seen.totalBefore as number);
    expect(seen.young?.cpuPercent ?? null).toBeNull();
    expect(seen.grown.cpuPercent).toBeGreaterThan(5);
    expect(seen.grown.cpuPercent).toBeLessThan(115);
  });

  it('a process that may not be seen reads null, and is reported once', () => {
    // hidepid is mounted in a namespace of its own, and the sampler runs as nobody.
    const script = [
      'mount -t proc -o hidepid=2 proc /proc',
      'sleep 60 & game=$!',
      `setpriv --reuid=65534 --regid=65534 --clear-groups "${process.execPath}" "${programFile('hidden')}" "${BUILD}" ${engine} $game`,
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

describeInNamespace.each(['native', 'pidusage'])('with the %s reader', (engine) => {
  it('a process is measured although /proc/uptime counts from the start of a container', () => {
    const script = [
      'uptime=$(mktemp)',
      'echo 1.00 1.00 > $uptime',
      'mount --bind $uptime /proc/uptime',
      'sleep 60 & game=$!',
      'sleep 1',
      `"${process.execPath}" "${programFile('hidden')}" "${BUILD}" ${engine} $game`,
      'kill -9 $game',
      'rm $uptime',
    ].join('\n');
    const { samples } = run('unshare', ...['--mount', 'sh', '-c', script]) as { samples: Usage[] };
    for (const sample of samples) {
      expect(sample.memoryMb).toBeGreaterThan(0.1);
      expect(sample.cpuPercent).toBeLessThan(5);
      expect(Math.abs(Date.now() - Date.parse(sample.startedAt))).toBeLessThan(60_000);
    }
    expect(samples).toHaveLength(3);
  });
});

describeInNamespace('with the native reader, a pid namespace', () => {
  it('is measured with the orphans that its first process takes in, although nothing new is started', () => {
    const seen = run(process.execPath, programFile('taken-in'), BUILD) as { rssBytes: number[] };
    const [before = NaN, after = NaN] = seen.rssBytes;
    expect(after).toBeGreaterThan(before + 1_000_000);
  });
});

describe('a collector that is held up', () => {
  type MarkedUsage = Usage & { readonly hashesDone: number; readonly mark: KernelMark };

  const children = new Children();
  afterEach(() => children.end());

  async function held(engine: string, by: 'pool' | 'block', seconds = 0): Promise<MarkedUsage[]> {
    const { pid } = await children.burning();
    const program = [process.execPath, programFile('busy-collector'), BUILD, engine] as const;
    const samples = run(...program, String(pid), by, String(seconds)) as MarkedUsage[];
    for (const [i, { cpuPercent, mark }] of samples.slice(1).entries()) {
      const { low, high } = kernelCpuPercent((samples[i] as MarkedUsage).mark, mark);
      expect(cpuPercent).toBeGreaterThan(low - 5);
      expect(cpuPercent).toBeLessThan(high + 5);
    }
    return samples;
  }

  it.each(['native', 'pidusage'])('by a full thread pool reads true values (%s)', async (engine) => {
    const [, during] = await held(engine, 'pool');
    // The native reader does not use the pool; the library waits for it.
    expect(during?.hashesDone === 0).toBe(engine === 'native');
  });

  it('by an event loop that is blocked for 6 s reads true values', async () => {
    const [, , afterBlock] = await held('native', 'block', 6);
    expect(afterBlock?.cpuPercent).toBeGreaterThan(20);
  });
});
