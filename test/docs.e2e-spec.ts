import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { z } from 'zod';
import { AppModule } from '../src/app.module.js';
import { knownVariables } from '../src/config/env.js';

const pages = ['.', 'docs'].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);
const read = (file: string) => readFileSync(file, 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** A page without its blocks of code, in which nothing is a link or a heading. */
const prose = (page: string) => read(page).replaceAll(/^```[\s\S]*?^```$/gm, '');

/** The anchors of a page's headings, as GitHub and npm make them. */
function anchorsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function linksOf(page: string): string[] {
  const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => !/^\w+:/.test(target));
}

/** Why a link of a page leads nowhere, or null. */
function brokenLink(page: string, target: string): string | null {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page : normalize(join(dirname(page), file));
  if (!existsSync(path)) return `${page}: there is no ${path}`;
  return anchor === undefined || anchorsOf(path).includes(anchor)
    ? null
    : `${page}: ${path} has no #${anchor}`;
}

describe('the documents', () => {
  it('have no link that leads nowhere', () => {
    const links = pages.flatMap((page) => linksOf(page).map((target) => [page, target] as const));
    expect(links.length).toBeGreaterThan(30);
    expect(links.flatMap(([page, target]) => brokenLink(page, target) ?? [])).toEqual([]);
  });

  it('name files and folders that exist', () => {
    const paths = pages.flatMap((page) =>
      [...prose(page).matchAll(/`((?:src|test|docs|bench|examples|\.ci)\/[\w./-]*)`/g)].map(
        ([, path = '']) => path,
      ),
    );
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('name scripts that exist', () => {
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)].map(
        ([, script, short]) => script ?? short ?? '',
      ),
    );
    expect(new Set(named).size).toBeGreaterThan(8);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('can all be found from a README that is soon read', () => {
    const readme = read('README.md');
    expect(readme.trim().split(/\s+/).length).toBeLessThanOrEqual(1000);
    expect(readme).toContain('\nnpm ci && npm run demo ');
    expect(readme).toContain('\nnpm ci && npm test ');
    const linked = linksOf('README.md');
    expect(pages.filter((page) => page !== 'README.md' && !linked.includes(page))).toEqual([]);
  });

  it.each([
    ['docs/prometheus.md', 'docs/prometheus/prometheus.yml'],
    ['docs/prometheus.md', 'docs/prometheus/rules.yml'],
    ['docs/prometheus.md', 'docs/prometheus/queries.promql'],
    ['docs/library.md', 'examples/host/game.module.ts'],
    ['docs/fleet.md', 'examples/fleet/targets/home.yml'],
  ])('%s shows %s, which other tests run, word for word', (page, file) => {
    expect(read(page)).toContain(`\n${read(file)}\`\`\`\n`);
  });
});

/** How the table names a default that is no value to write down: as in the example, the value is empty. */
const NO_VALUE = ['unset', 'random', 'native on Linux, else pidusage'];

describe('the variables', () => {
  const table = [...read('docs/configuration.md').matchAll(/^\| `(VS_\w+)` *\| (.*?) *\|/gm)].map(
    ([, name = '', value = '']) => [name, NO_VALUE.includes(value) ? '' : value] as const,
  );
  const example = [...read('.env.example').matchAll(/^(VS_\w+)=(.*)$/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );

  const isEmpty = (json: string) => json === '""' || json === '[]';
  /** What the table's words mean on this machine. */
  const written = (name: string, value: string) =>
    name === 'VS_METRICS_ENGINE' ? (process.platform === 'linux' ? 'native' : 'pidusage') : value;

  it('have the same defaults in the table, in .env.example and in the schemas', async () => {
    // Each module has read its variables once it is made.
    const environment = process.env;
    process.env = { VS_DATA_DIR: '' };
    await Test.createTestingModule({ imports: [AppModule] }).compile();
    process.env = environment;

    const byName = (entries: (readonly [string, string])[]) => Object.fromEntries([...entries].sort());
    expect(byName(example)).toEqual(byName(table));
    const schemas = knownVariables();
    expect([...schemas.keys()].sort()).toEqual(table.map(([name]) => name).sort());

    const wrong = table.filter(([name, value]) => {
      const schema = schemas.get(name);
      if (schema === undefined) return true;
      const byDefault = JSON.stringify(z.parse(schema, undefined) ?? '');
      const { success, data } = z.safeParse(schema, written(name, value));
      return !(success && JSON.stringify(data) === byDefault) && !(value === '' && isEmpty(byDefault));
    });
    expect(wrong).toEqual([]);
  });
});
