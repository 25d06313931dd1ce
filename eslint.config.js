import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// The module-boundary rule skips itself without a word when no project graph is cached. Inside an nx task the
// graph has just been made; anywhere else (an editor, a plain eslint) it is made here.
if (process.env['NX_TASK_TARGET_PROJECT'] === undefined) {
  process.env['NX_DAEMON'] = 'false';
  await createProjectGraphAsync();
}

/** What each layer may import: the arrows of docs/architecture, enforced. */
const layers = {
  core: [],
  knowledge: ['core'],
  contract: ['core', 'knowledge'],
  adapter: ['core', 'contract'],
  testing: ['core', 'contract', 'adapter'],
  app: ['core', 'knowledge', 'contract', 'adapter'],
  command: ['core', 'knowledge', 'contract', 'adapter', 'app'],
  e2e: ['core', 'contract', 'adapter', 'testing'],
  tools: ['contract'],
};

/** @param {string[]} extra layers allowed to every importer */
const boundaries = (extra) => [
  'error',
  {
    enforceBuildableLibDependency: false,
    allow: [],
    // A library's tests may use @olla/testing, which may use the library.
    ignoredCircularDependencies: layers.testing.map((layer) => ['@olla/testing', `tag:layer:${layer}`]),
    depConstraints: Object.entries(layers).map(([layer, allowed]) => ({
      sourceTag: `layer:${layer}`,
      onlyDependOnLibsWithTags: [...allowed, ...extra].map((name) => `layer:${name}`),
    })),
  },
];

const nodeTest = { from: 'package', package: 'node:test', name: ['test', 'describe'] };

export default tseslint.config(
  { ignores: ['**/node_modules', '**/dist', '.nx', 'coverage'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries([]),
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [nodeTest] }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      // One import a module: `import type { … }` if all of it is types, else `type` at each type.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      'no-duplicate-imports': 'error',
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:test',
              importNames: ['it', 'suite'],
              message: 'Use test and describe, as all tests do.',
            },
          ],
        },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.test.ts', '**/*.long.ts', '{apps,libs}/*/testing/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries(['testing']) },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
