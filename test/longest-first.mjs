import { statSync } from 'node:fs';

/** The files that take longest, longest first: the last of two workers must not begin one when the other has finished. */
const LONGEST = [
  'test/module.e2e-spec.ts',
  'test/archive-kills.e2e-spec.ts',
  'test/page.e2e-spec.ts',
  'test/faults/archive.e2e-spec.ts',
  'test/alerts.e2e-spec.ts',
  'test/faults/alerts.e2e-spec.ts',
  'test/page-tabs.e2e-spec.ts',
  'test/faults/archive-damage.e2e-spec.ts',
  'test/faults/archive-clock.e2e-spec.ts',
  'test/package.e2e-spec.ts',
  'test/faults/processes.e2e-spec.ts',
  'src/game-server/game-server-comes-back.spec.ts',
  'test/crash.e2e-spec.ts',
];

/** Jest's order of files: those first, then by size. */
export default class LongestFirst {
  sort(tests) {
    const rank = ({ path }) => {
      const place = LONGEST.findIndex((file) => path.endsWith(`/${file}`));
      return place === -1 ? LONGEST.length : place;
    };
    const size = new Map(tests.map((test) => [test, statSync(test.path).size]));
    return [...tests].sort((a, b) => rank(a) - rank(b) || size.get(b) - size.get(a));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {
    // What took long in the run before is not asked.
  }
}
