/**
 * The rule of dependency-cruiser that no files import each other in a circle. Type imports count: the compiler erases
 * them, but a reader of one file of a circle has to read them all. (The no-cycle rule of eslint-plugin-import-x skips
 * type imports.) `nx lint tools` checks the whole tree; import-circles.test.ts shows that the rule works.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
export default {
  forbidden: [
    {
      name: 'no-import-circle',
      severity: 'error',
      comment: 'Files must not import each other. Move what both need into a file that imports neither.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'every-import-resolves',
      severity: 'error',
      comment: 'An import of this workspace that is not found would hide the circles behind it.',
      from: {},
      to: { couldNotResolve: true, path: '^(@olla/|\\.)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
