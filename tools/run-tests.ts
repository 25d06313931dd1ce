/**
 * Runs one project's tests under node:test: `node tools/run-tests.ts NAME FOLDER`. Prints failures as they
 * happen and writes the counts to dist/test-results/NAME.json, which `npm test` sums up (nx restores the file
 * with a cached result).
 */
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const [, , name, folder] = process.argv;
if (name === undefined || folder === undefined) {
  process.stderr.write('usage: node tools/run-tests.ts NAME FOLDER\n');
  process.exit(2);
}
const files = globSync(join(folder, '**/*.test.{ts,tsx}')).sort();
const result = { passed: 0, failed: 0, skipped: 0 };
if (files.length > 0) {
  const stream = run({ files, concurrency: Number(process.env['TEST_CONCURRENCY'] ?? availableParallelism()) });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined || event.todo !== undefined) result.skipped += 1;
    else if (!files.some((file) => event.name === file || event.name === basename(file))) result.passed += 1;
  });
  stream.on('test:fail', (event) => {
    if (event.details.type !== 'suite') result.failed += 1;
  });
  await new Promise((resolve) => stream.compose(spec).on('end', resolve).pipe(process.stdout));
}
mkdirSync('dist/test-results', { recursive: true });
writeFileSync(join('dist/test-results', `${basename(name)}.json`), JSON.stringify({ name, files: files.length, ...result }));
process.exitCode = result.failed > 0 ? 1 : 0;
