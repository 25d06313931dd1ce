import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');
const LIST_TESTS = ['--test-name-pattern', 'the list of backend types', 'src/table.test.ts'];
const COMPILER = join(ROOT, 'node_modules/typescript-7/bin/tsc');

// A copy of this library, because the page is followed by writing into it.
const folder = mkdtempSync(join(tmpdir(), 'olla-backends-'));
const types = join(folder, 'src/types');
const table = join(folder, 'src/table.ts');

function run(...args: string[]): { output: string; ok: boolean } {
  // Without this variable a test process reports only to its own output.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { output: stdout + stderr, ok: status === 0 };
}

function compile(): { output: string; ok: boolean } {
  return run(COMPILER, '-p', '.');
}

/** Step 3 of the page. */
function addToList(): void {
  const source = readFileSync(table, 'utf8')
    .replace(/^import \{ omlx \}/m, "import { acme } from './types/acme.ts';\n$&")
    .replace(/^ {2}openAiCompatible,$/m, '  acme,\n$&');
  writeFileSync(table, source);
}

describe('the page docs/adding-a-backend.md', () => {
  for (const part of ['src', 'testing'])
    cpSync(join(import.meta.dirname, '..', part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "@olla/backends", "type": "module" }');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(ROOT, 'tsconfig.base.json'), include: ['src', 'testing'] }),
  );
  after(() => rmSync(folder, { recursive: true }));

  const page = readFileSync(join(ROOT, 'docs/adding-a-backend.md'), 'utf8');
  const [profile, itsTest] = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text ?? '');

  test('adds a type with one file and its test, and the compiler asks for the line in the list', () => {
    writeFileSync(join(types, 'acme.ts'), profile ?? '');
    assert.deepEqual(compile(), { output: '', ok: true });
    writeFileSync(join(types, 'acme.test.ts'), itsTest ?? '');
    assert.match(compile().output, /acme\.test\.ts.*'"acme"' is not assignable/);
    const unlisted = run(...LIST_TESTS);
    assert.match(unlisted.output, /add it to PROFILES in libs\/backends\/src\/table\.ts/);

    addToList();
    assert.deepEqual(compile(), { output: '', ok: true });
    for (const args of [LIST_TESTS, ['src/types/acme.test.ts']]) {
      const { output, ok } = run(...args);
      assert.ok(ok, output);
    }
  });
});
