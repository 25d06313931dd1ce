import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '@olla/testing/process-tree';
import { waitFor } from '@olla/testing/wait-for';
import { after, describe, test } from 'node:test';

const runner = join(import.meta.dirname, 'run-tests.ts');
const importTest = "import { suite, test } from 'node:test';";

describe('run-tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'olla-run-tests-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs one test file of this text; the result as `npm test` reads it. */
  function run(
    text: string,
    { suffix = 'test', timeoutMs = 60_000 } = {},
  ): { code: number | null; counts: unknown; output: string } {
    writeFileSync(join(folder, `sample.${suffix}.ts`), text);
    const env = {
      ...process.env,
      TEST_FILE_TIMEOUT_MS: String(timeoutMs),
      NODE_TEST_CONTEXT: undefined,
    };
    const child = spawnSync(process.execPath, [runner, '@scope/name', folder, suffix], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    const file = join(folder, `dist/test-results/@scope/name.${suffix}.json`);
    const counts: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return { code: child.status, counts, output: child.stdout };
  }

  test('counts each test, also one inside another test, but no suite', () => {
    const { code, counts } = run(
      `${importTest} suite('s', () => { test('a', () => {}); test('b', (t) => t.test('c', () => {})); });`,
    );
    assert.deepEqual([code, counts], [0, { files: 1, passed: 3, failed: 0, skipped: 0 }]);
  });

  test('counts a failing test once, also inside another test, and prints the reason', () => {
    const { code, counts, output } = run(
      `${importTest} test('a', (t) => t.test('b', () => { throw new Error('because'); })); test('c', () => {});`,
    );
    assert.deepEqual([code, counts], [1, { files: 1, passed: 1, failed: 1, skipped: 0 }]);
    assert.match(output, /because/);
    const failures = readFileSync(join(folder, 'dist/test-results/@scope/name.test.failures.txt'), 'utf8');
    assert.match(failures, /because[^]*✖ .*sample\.test\.ts: 1 passed, 1 failed/);
  });

  test('leaves no output of failures behind when the next run passes', () => {
    const failures = join(folder, 'dist/test-results/@scope/name.test.failures.txt');
    run(`${importTest} test('a', () => { throw new Error('because'); });`);
    assert.ok(existsSync(failures));
    run(`${importTest} test('a', () => {});`);
    assert.ok(!existsSync(failures));
  });

  test('counts skipped tests and tests to do as skipped', () => {
    const { counts } = run(`${importTest} test.skip('a', () => {}); test.todo('b'); test('c', () => {});`);
    assert.deepEqual(counts, { files: 1, passed: 1, failed: 0, skipped: 2 });
  });

  test('fails when a file crashes after its tests passed', () => {
    const { code, counts } = run(
      `${importTest} test('a', () => { process.once('beforeExit', () => process.exit(3)); });`,
    );
    assert.deepEqual([code, counts], [1, { files: 1, passed: 1, failed: 1, skipped: 0 }]);
  });

  test('fails when a file does not load or holds no test', () => {
    assert.deepEqual(run("throw new Error('no');").counts, { files: 1, passed: 0, failed: 1, skipped: 0 });
    assert.deepEqual(run('export {};').counts, { files: 1, passed: 0, failed: 1, skipped: 0 });
  });

  test('kills a file that hangs, and the processes that it started', async () => {
    const { code, output } = run(
      `import { spawn } from 'node:child_process'; ${importTest}
       test('a', () => new Promise(() => {
         const child = spawn('sleep', ['600']);
         process.getBuiltinModule('node:fs').writeFileSync('child.pid', String(child.pid));
       }));`,
      { timeoutMs: 5_000 },
    );
    assert.equal(code, 1);
    assert.match(output, /did not end within 5000 ms/);
    const pid = Number(readFileSync(join(folder, 'child.pid'), 'utf8'));
    await waitFor(() => !isRunning(pid), { describe: 'the child to be gone' });
  });

  test('runs long tests when their suffix is given', () => {
    const { counts } = run(`${importTest} test('long', () => {});`, { suffix: 'long' });
    assert.deepEqual(counts, { files: 1, passed: 1, failed: 0, skipped: 0 });
  });
});
