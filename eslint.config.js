import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** What each layer may import: the arrows of docs/architecture, enforced. */
const layers = {
  core: [],
  contract: ['core'],
  adapter: ['core', 'contract'],
  testing: ['core', 'contract', 'adapter'],
  app: ['core', 'contract', 'adapter'],
  command: ['core', 'contract', 'adapter', 'app'],
  e2e: ['core', 'contract', 'adapter', 'app', 'command', 'testing'],
};

/** @param {string[]} extra layers allowed to every importer */
const boundaries = (extra) => [
  'error',
  {
    enforceBuildableLibDependency: false,
    allow: [],
    depConstraints: Object.entries(layers).map(([layer, allowed]) => ({
      sourceTag: `layer:${layer}`,
      onlyDependOnLibsWithTags: [...allowed, ...extra].map((name) => `layer:${name}`),
    })),
  },
];

export default tseslint.config(
  { ignores: ['**/node_modules', '**/dist', '.nx', 'coverage'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries([]),
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] }] }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  { files: ['**/*.test.ts', '**/*.test.tsx'], rules: { '@nx/enforce-module-boundaries': boundaries(['testing']) } },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
