import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

const readme = readFileSync('README.md', 'utf8');

it.each([
  'docs/prometheus/prometheus.yml',
  'docs/prometheus/rules.yml',
  'docs/prometheus/queries.promql',
  'examples/host/game.module.ts',
])('the README shows %s, which other tests run, word for word', (file) => {
  expect(readme).toContain(`\n${readFileSync(file, 'utf8')}\`\`\`\n`);
});
