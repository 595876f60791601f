import js from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The rooms of src/ in the order of the house, the lowest first: each may use those before it (CONTRIBUTING.md has the map). */
const ROOMS = [
  'config',
  'log',
  'events',
  'process',
  'metrics',
  'game-server',
  'telemetry',
  'history',
  'settings',
  'alerts',
  'http',
  'page',
];

/** What is above a room, though it may be used there, and why. */
const EXCEPTIONS = {
  // They ask which platform this is, and for the time on the steady clock; both files import nothing.
  config: { process: ['platform.ts', 'clock.ts'] },
  log: { process: ['platform.ts', 'clock.ts'] },
};

/** No arrow runs up: a room uses no room above it, nor the files that wire the rooms together. */
const upwards = ROOMS.flatMap((room, level) => [
  ...ROOMS.slice(level + 1).map((above) => ({
    target: `./src/${room}`,
    from: `./src/${above}`,
    except: EXCEPTIONS[room]?.[above] ?? [],
    message: `${room}/ is below ${above}/, and may not use it.`,
  })),
  {
    target: `./src/${room}`,
    from: ['main', 'run', 'start', 'create-app', 'app.module', 'shutdown'].map((name) => `./src/${name}.ts`),
    message: 'These files wire the rooms together, and no room may use them.',
  },
]);

const testing = {
  target: './src/!(testing)/**/!(*.spec).ts',
  from: './src/testing',
  message: 'It is for tests.',
};

export default defineConfig(
  // Applications that use the package are checked where it is installed, by test/module.e2e-spec.ts.
  { ignores: ['build', '**/dist', 'coverage', 'data', 'examples/host', 'packages/nestjs/test'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true } },
    settings: {
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.js'], extensionAlias: { '.js': ['.ts', '.js'] } }),
      ],
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: [...upwards, testing] }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // Nest modules are classes whose decorator holds everything.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Nest's option types are classes that nobody instantiates.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    // It runs in a browser. Types of what it is sent are no part of the bundle.
    files: ['src/page/client/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex:
                '^\\.\\./(?!\\.\\./(metrics/(series|missed-intervals)|http/contract|testing/unknown-values)\\.js$)',
              allowTypeImports: true,
              message:
                'The page in the browser uses nothing from outside but series.ts, constants that it shares with the API, types, and in tests what tests share.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: {
        clearInterval: 'readonly',
        fetch: 'readonly',
        Headers: 'readonly',
        setImmediate: 'readonly',
        URL: 'readonly',
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
);
