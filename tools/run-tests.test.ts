import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '@olla/testing/process-tree';
import { waitFor } from '@olla/testing/wait-for';
import { after, suite, test } from 'node:test';

const runner = join(import.meta.dirname, 'run-tests.ts');
const importTest = "import { suite, test } from 'node:test';";

suite('run-tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'olla-run-tests-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs one test file of this text; the result as `npm test` reads it. */
  function run(
    text: string,
    suffix = 'test',
    secondTry?: '1',
  ): { code: number | null; counts: unknown; output: string } {
    writeFileSync(join(folder, `sample.${suffix}.ts`), text);
    const env = {
      ...process.env,
      TEST_FILE_TIMEOUT_MS: '2000',
      TEST_SECOND_TRY: secondTry,
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

  test('count tests, not suites, and those inside tests', () => {
    const { code, counts } = run(
      `${importTest} suite('s', () => { test('a', () => {}); test('b', (t) => t.test('c', () => {})); });`,
    );
    assert.deepEqual([code, counts], [0, { files: 1, passed: 3, failed: 0, skipped: 0 }]);
  });

  test('count a failing test once, also below another, and show why', () => {
    const { code, counts, output } = run(
      `${importTest} test('a', (t) => t.test('b', () => { throw new Error('because'); })); test('c', () => {});`,
    );
    assert.deepEqual([code, counts], [1, { files: 1, passed: 1, failed: 1, skipped: 0 }]);
    assert.match(output, /because/);
  });

  test('a second try counts where one is allowed, and the first failure is shown', () => {
    const mark = JSON.stringify(join(folder, 'mark'));
    const text = `${importTest} import fs from 'node:fs'; test('a', () => {
      if (fs.existsSync(${mark})) return;
      fs.writeFileSync(${mark}, '');
      throw new Error('because');
    });`;
    const { code, counts, output } = run(text, 'test', '1');
    assert.deepEqual([code, counts], [0, { files: 1, passed: 1, failed: 0, skipped: 0 }]);
    assert.match(output, /because[^]*once more/);
    rmSync(join(folder, 'mark'));
    assert.equal(run(text).code, 1);
    const hopeless = run(`${importTest} test('a', () => { throw new Error('no'); });`, 'test', '1');
    assert.deepEqual([hopeless.code, hopeless.counts], [1, { files: 1, passed: 0, failed: 1, skipped: 0 }]);
  });

  test('count skipped tests and those to do', () => {
    const { counts } = run(`${importTest} test.skip('a', () => {}); test.todo('b'); test('c', () => {});`);
    assert.deepEqual(counts, { files: 1, passed: 1, failed: 0, skipped: 2 });
  });

  test('fail when a file crashes though its tests passed', () => {
    const { code, counts } = run(
      `${importTest} test('a', () => { setTimeout(() => process.exit(3), 50); });`,
    );
    assert.deepEqual([code, counts], [1, { files: 1, passed: 1, failed: 1, skipped: 0 }]);
  });

  test('fail when a file does not load, and when it holds no test', () => {
    assert.deepEqual(run("throw new Error('no');").counts, { files: 1, passed: 0, failed: 1, skipped: 0 });
    assert.deepEqual(run('export {};').counts, { files: 1, passed: 0, failed: 1, skipped: 0 });
  });

  test('kill a file that hangs, with what it started', async () => {
    const { code, output } = run(
      `import { spawn } from 'node:child_process'; ${importTest}
       test('a', () => new Promise(() => {
         const child = spawn('sleep', ['600']);
         process.getBuiltinModule('node:fs').writeFileSync('child.pid', String(child.pid));
       }));`,
    );
    assert.equal(code, 1);
    assert.match(output, /did not end within 2000 ms/);
    const pid = Number(readFileSync(join(folder, 'child.pid'), 'utf8'));
    await waitFor(() => !isRunning(pid), { describe: 'the child to be gone' });
  });

  test('run long tests only when asked', () => {
    const { counts } = run(`${importTest} test('long', () => {});`, 'long');
    assert.deepEqual(counts, { files: 1, passed: 1, failed: 0, skipped: 0 });
  });
});
