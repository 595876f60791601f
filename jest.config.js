/** Unit tests beside their file, end-to-end tests in test/. */
const UNIT = '<rootDir>/src/**/*.spec.ts';
const END_TO_END = '<rootDir>/test/**/*.e2e-spec.ts';

/**
 * Files that compare CPU times or moments with what they ought to be: nothing else may run beside them. A new file that
 * does so belongs here; all others run two at a time.
 */
const ALONE = [
  'src/metrics/metrics.service.spec.ts',
  'src/process/pidusage-reader.spec.ts',
  'src/process/process-reader.spec.ts',
  'src/metrics/process-sampler.spec.ts',
  'test/faults/archive.e2e-spec.ts',
  'test/faults/archive-load.e2e-spec.ts',
  'test/attached.e2e-spec.ts',
  'test/faults/game.e2e-spec.ts',
  'test/faults/processes.e2e-spec.ts',
  'test/game.e2e-spec.ts',
  'test/openttd.e2e-spec.ts',
  'test/package.e2e-spec.ts',
  'test/page-tabs.e2e-spec.ts',
  'test/prometheus.e2e-spec.ts',
  'test/sample-server.e2e-spec.ts',
  'test/scrape.e2e-spec.ts',
  'test/settings.e2e-spec.ts',
].map((file) => `<rootDir>/${file}`);

const project = (displayName, testMatch, besides = []) => ({
  displayName,
  testMatch,
  testPathIgnorePatterns: ['/node_modules/', ...besides],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
      },
    ],
  },
  testEnvironment: 'node',
});

export default {
  projects: [project('unit', [UNIT], ALONE), project('e2e', [END_TO_END], ALONE), project('alone', ALONE)],
  // Jest takes this one from here alone, not from a project.
  testTimeout: 120_000,
  maxWorkers: 1,
  collectCoverageFrom: ['src/**/*.ts'],
};
