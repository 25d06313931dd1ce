/**
 * `npm run generate`: writes all files that are generated from the sources: the documents of configuration, errors,
 * contract, promises and management paths, and the lists of public modules. The tests fail if one is out of date.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const generators = [
  'tools/public-modules.ts',
  ...globSync('{apps,libs}/*/src/generate-*.ts', { cwd: root }),
  ...globSync('e2e/src/generate-*.ts', { cwd: root }),
];

for (const file of generators.filter((name) => !name.endsWith('.test.ts'))) run(process.execPath, [file]);
run(process.execPath, [
  'node_modules/prettier/bin/prettier.cjs',
  '--write',
  '--log-level=warn',
  'docs',
  '{apps,libs}/*/package.json',
]);

/** Ends this process if the command fails. */
function run(command: string, args: readonly string[]): void {
  process.stdout.write(`${args.join(' ')}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
