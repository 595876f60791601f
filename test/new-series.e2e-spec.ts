import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { openConnection } from '../src/history/sqlite/sqlite.js';
import { eventually } from './support/eventually.js';

/** What adding a series takes: the field, the entry and the source. */
const EDITS: [file: string, before: string, added: string][] = [
  [
    'metrics-snapshot.ts',
    '  readonly gameCpuPercent: number | null;\n',
    '  readonly madeUpMs: number | null;\n',
  ],
  [
    'series.ts',
    '} as const satisfies {',
    `madeUpMs: { column: 'made_up_ms', unit: '%', nullable: true, digits: 1, label: 'Made up', description: 'Made up: ms' },\n`,
  ],
  ['metrics.service.ts', '      gameCpuPercent: game?.cpuPercent ?? null,\n', '      madeUpMs: 33.36,\n'],
];

interface WithSeries {
  madeUpMs: number | null;
  madeUpMsMax: number | null;
}

describe('a series that is declared', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let app: ApiProcess;
  let data: string;

  beforeAll(async () => {
    folder = temporaryFolder();
    const copy = join(folder.path, 'copy');
    mkdirSync(copy);
    for (const name of ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'])
      cpSync(resolve(name), join(copy, name), { recursive: true });
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
    for (const [name, before, added] of EDITS) {
      const file = join(copy, 'src/metrics', name);
      const text = readFileSync(file, 'utf8');
      expect(text).toContain(before);
      const edited = before.startsWith('}') ? added + before : before + added;
      writeFileSync(file, text.replace(before, edited));
    }
    writeFileSync(
      join(copy, 'src/page/client/made-up.ts'),
      `import { type Sample } from './wire.js';\nexport const madeUp: Sample['madeUpMs'] = null;\n`,
    );
    // Fails when anything else would have to be edited, or when the page's type does not have it.
    execFileSync(
      process.execPath,
      [resolve('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
      {
        cwd: copy,
        stdio: 'inherit',
      },
    );
    cpSync(resolve('build/page'), join(copy, 'build/page'), { recursive: true, force: false });

    // A file that does not know it yet.
    data = join(folder.path, 'data');
    const env = { VS_DATA_DIR: data, VS_METRICS_INTERVAL: '0.1' };
    const before = await ApiProcess.start(env);
    await eventually('samples', async () => (await before.history()).length > 3);
    await before.end();
    app = await ApiProcess.start(env, folder.path, {
      command: [process.execPath, join(copy, 'build/main.js')],
    });
    await eventually('samples', async () => {
      const samples = (await app.history()) as unknown as WithSeries[];
      return samples.filter(({ madeUpMs }) => madeUpMs !== null).length > 3;
    });
  }, 300_000);

  afterAll(async () => {
    await app.end('SIGKILL');
    folder.remove();
  });

  it('is in the file, beside samples that do not know it', () => {
    const db = openConnection(join(data, 'metrics.db'));
    const values = db.prepare('SELECT DISTINCT made_up_ms FROM sample').raw().all().flat();
    expect(values).toEqual([null, 33.4]);
    expect(db.prepare('SELECT MAX(made_up_ms_max) FROM minute').raw().get()).toEqual([33.4]);
    db.close();
  });

  it('is in a bucket', async () => {
    const { metrics } = await app.data<{ metrics: WithSeries[] }>('metrics/history?minutes=5&points=2');
    expect(metrics.at(-1)).toMatchObject({ madeUpMs: 33.4, madeUpMsMax: 33.4 });
  });

  it('is in both exports', async () => {
    const csv = await (await app.request('api/v1alpha1/metrics/export')).text();
    expect(csv).toMatch(/^timestamp,.*,diskFreeMb,madeUpMs,apiMemoryMbMax,.*,madeUpMsMax,sampleCount\r\n/);
    const json: unknown = await (await app.request('api/v1alpha1/metrics/export?format=json')).json();
    expect((json as WithSeries[]).at(-1)).toMatchObject({ madeUpMs: 33.4, madeUpMsMax: 33.4 });
  });

  it('is described', async () => {
    const { components } = (await (await app.request('docs-json')).json()) as {
      components: { schemas: Record<string, { properties: Record<string, { description?: string }> }> };
    };
    expect(components.schemas['Snapshot']?.properties['madeUpMs']?.description).toBe('Made up: ms');
    expect(components.schemas['Bucket']?.properties).toHaveProperty('madeUpMsMax');
  });
});
