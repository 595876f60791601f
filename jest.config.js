/**
 * Unit tests (`thing.spec.ts`) lie beside their file, end-to-end tests (`thing.e2e-spec.ts`) in test/. A file named
 * `thing.alone.…` compares CPU times or moments with what they ought to be, more closely than they can be had while
 * another one runs: nothing runs beside it. All others run two at a time (test/run.mjs).
 */
const ALONE = '\\.alone\\.(e2e-)?spec\\.ts$';

const project = (displayName, testMatch, besides = []) => ({
  displayName,
  testMatch: testMatch.map((pattern) => `<rootDir>/${pattern}`),
  testPathIgnorePatterns: ['/node_modules/', ...besides],
  // A second package.json of the same name.
  modulePathIgnorePatterns: ['<rootDir>/packages/nestjs/dist'],
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
  projects: [
    project('unit', ['src/**/*.spec.ts'], [ALONE]),
    project('e2e', ['test/**/*.e2e-spec.ts'], [ALONE]),
    project('alone', ['src/**/*.alone.spec.ts', 'test/**/*.alone.e2e-spec.ts']),
  ],
  // Jest takes these from here alone, not from a project.
  testTimeout: 120_000,
  testSequencer: '<rootDir>/test/longest-first.mjs',
  maxWorkers: 1,
  collectCoverageFrom: ['src/**/*.ts'],
};
