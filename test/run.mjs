/**
 * Runs the tests: without arguments first what may run two at a time, then what must run alone, and sums up both; with
 * arguments (a file, `--coverage`) what Jest makes of them, one file at a time. If a file or two have failed, they are run once
 * more with nothing beside them: what fails then is broken. What passes then is named all the same, as a test to be mended.
 */
import { run, runCLI } from 'jest';

const PASSES = [
  { selectProjects: ['unit', 'e2e'], maxWorkers: 2 },
  { selectProjects: ['alone'], maxWorkers: 1 },
];

/** So many files may have met with a busy machine; more have not. */
const MOST_AGAIN = 2;

if (process.argv.length > 2) await run();
else await runAll();

async function runAll() {
  const beganMs = performance.now();
  const runs = [];
  for (const pass of PASSES) runs.push(await runTests(pass));
  const sum = (name) => runs.reduce((total, results) => total + results[name], 0);
  const line = (what, kind) => {
    const counts = ['Failed', 'Pending', 'Passed', 'Total'].map((state) => [
      sum(`num${state}${kind}`),
      state,
    ]);
    const words = counts.filter(([count, state]) => count > 0 || state === 'Total');
    return `${what} ${words.map(([count, state]) => `${count} ${state.toLowerCase()}`).join(', ')}`;
  };
  const failed = failedFiles(runs);
  const isAgain = failed.length > 0 && failed.length <= MOST_AGAIN;
  const again = isAgain ? [await runTests({ runTestsByPath: true, maxWorkers: 1 }, failed)] : [];
  const broken = isAgain ? failedFiles(again) : failed;
  console.error('\nAll together:');
  for (const file of failed)
    console.error(broken.includes(file) ? `FAIL ${file}` : `UNSTEADY ${file} (it has passed alone)`);
  console.error(line('Test Suites:', 'TestSuites'));
  console.error(line('Tests:      ', 'Tests'));
  console.error(`Time:        ${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
  // Something else than a test may have failed.
  const isExplained = (results) => results.success || failedFiles([results]).length > 0;
  const areWhole = [...runs, ...again].every((results) => results.numTotalTests > 0 && isExplained(results));
  process.exitCode = areWhole && broken.length === 0 ? 0 : 1;
}

async function runTests(options, files = []) {
  const { results } = await runCLI({ ...options, _: files, $0: 'jest' }, [process.cwd()]);
  return results;
}

function failedFiles(runs) {
  const failed = runs.flatMap(({ testResults }) => testResults).filter(hasFailed);
  return failed.map(({ testFilePath }) => testFilePath);
}

function hasFailed({ numFailingTests, testExecError }) {
  return numFailingTests > 0 || testExecError !== undefined;
}
