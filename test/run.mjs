/**
 * Runs the tests: without arguments first what may run two at a time, then what must run alone, and sums up both; with
 * arguments (a file, `--coverage`) what Jest makes of them, one file at a time.
 */
import { run, runCLI } from 'jest';

const PASSES = [
  { selectProjects: ['unit', 'e2e'], maxWorkers: 2 },
  { selectProjects: ['alone'], maxWorkers: 1 },
];

if (process.argv.length > 2) await run();
else await runAll();

async function runAll() {
  const beganMs = performance.now();
  const runs = [];
  for (const pass of PASSES) {
    const { results } = await runCLI({ ...pass, _: [], $0: 'jest' }, [process.cwd()]);
    runs.push(results);
  }
  const sum = (name) => runs.reduce((total, results) => total + results[name], 0);
  const line = (what, kind) => {
    const counts = ['Failed', 'Pending', 'Passed', 'Total'].map((state) => [
      sum(`num${state}${kind}`),
      state,
    ]);
    const words = counts.filter(([count, state]) => count > 0 || state === 'Total');
    return `${what} ${words.map(([count, state]) => `${count} ${state.toLowerCase()}`).join(', ')}`;
  };
  const failed = runs.flatMap(({ testResults }) => testResults).filter(hasFailed);
  console.error('\nAll together:');
  for (const { testFilePath } of failed) console.error(`FAIL ${testFilePath}`);
  console.error(line('Test Suites:', 'TestSuites'));
  console.error(line('Tests:      ', 'Tests'));
  console.error(`Time:        ${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
  const isGood = runs.every(({ success, numTotalTests }) => success && numTotalTests > 0);
  process.exitCode = isGood ? 0 : 1;
}

function hasFailed({ numFailingTests, testExecError }) {
  return numFailingTests > 0 || testExecError !== undefined;
}
