import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

const root = join(import.meta.dirname, '..');
const cruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

describe('import circles', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'olla-circles-'));
    mkdirSync(join(folder, 'node_modules/@olla'), { recursive: true });
    for (const library of ['one', 'two']) {
      write(`libs/${library}/package.json`, JSON.stringify({ exports: { './*': './src/*.ts' } }));
      symlinkSync(`../../libs/${library}`, join(folder, 'node_modules/@olla', library));
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  /** Checks the files of the folder as `nx lint tools` checks the repository. */
  function check(): { code: number | null; output: string } {
    const config = join(root, 'tools/import-circles.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [cruise, '--config', config, 'libs'], {
      cwd: folder,
      encoding: 'utf8',
      // nx requests colours, whose codes would be between the words that the test searches for.
      env: { ...process.env, FORCE_COLOR: '0' },
    });
    return { code: status, output: stdout + stderr };
  }

  test('passes files that import in one direction', () => {
    write('libs/one/src/a.ts', "import type { B } from './b.ts'; export type A = B;");
    write('libs/one/src/b.ts', 'export type B = string;');
    const { code, output } = check();
    assert.equal(code, 0, output);
    assert.match(output, /2 modules, 1 dependencies/);
  });

  test('fails for two files that import a type of each other', () => {
    write('libs/one/src/a.ts', "import type { B } from './b.ts'; export type A = B | 1;");
    write('libs/one/src/b.ts', "import type { A } from './a.ts'; export type B = A | 2;");
    const { code, output } = check();
    assert.match(output, /no-import-circle: libs\/one\/src\/a\.ts/);
    assert.notEqual(code, 0);
  });

  test('fails for a circle through a dynamic import', () => {
    write('libs/one/src/a.ts', "export const load = () => import('./b.ts');");
    write('libs/one/src/b.ts', "import { load } from './a.ts'; export const b = load;");
    const { code, output } = check();
    assert.match(output, /no-import-circle/);
    assert.notEqual(code, 0);
  });

  test('fails for a circle through the public modules of two libraries', () => {
    write('libs/one/src/a.ts', "import type { B } from '@olla/two/b'; export type A = B | 1;");
    write('libs/two/src/b.ts', "import type { A } from '@olla/one/a'; export type B = A | 2;");
    const { code, output } = check();
    assert.match(output, /no-import-circle/);
    assert.notEqual(code, 0);
  });

  test('fails for an import that is not found', () => {
    write('libs/one/src/a.ts', "export type { B } from '@olla/two/missing';");
    const { code, output } = check();
    assert.match(output, /every-import-resolves: libs\/one\/src\/a\.ts/);
    assert.notEqual(code, 0);
  });
});
