import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

const IMPORT = /^(?:import|export)\b[^;]*?from '(@olla\/[a-z0-9-]+)\/|\bimport\('(@olla\/[a-z0-9-]+)\//gm;

/** nx reads dependencies only from the manifests: a missing one hides a change from its cache. */
function importsOf(folder: string, name: string): { code: string[]; tests: string[] } {
  const code = new Set<string>();
  const tests = new Set<string>();
  for (const file of globSync(join(folder, '**/*.{ts,tsx}'), { exclude: ['**/node_modules/**'] })) {
    // A folder `testing` has modules for tests only.
    const into = /\.(test|long)\.tsx?$|\/testing\//.test(file) ? tests : code;
    for (const [, statement, call] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const target = statement ?? call;
      if (target !== undefined && target !== name) into.add(target);
    }
  }
  return { code: [...code].sort(), tests: [...tests].filter((target) => !code.has(target)).sort() };
}

function read(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

describe('the dependencies of workspaces', () => {
  test('every workspace has the version of the root, and requires that version of the others', () => {
    const { version } = read('package.json');
    for (const path of globSync(['apps/*/package.json', 'libs/*/package.json', '{e2e,tools}/package.json'])) {
      const manifest = read(path);
      assert.equal(manifest.version, version, path);
      for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
        if (name.startsWith('@olla/')) assert.equal(range, version, `${path}: ${name}`);
    }
  });

  for (const path of globSync(['apps/*/package.json', 'libs/*/package.json', 'e2e/package.json']).sort()) {
    const manifest = read(path);
    test(`${manifest.name} names the workspaces that it imports, and no others`, () => {
      const { code, tests } = importsOf(dirname(path), manifest.name);
      const ours = (list: Record<string, string> | undefined): string[] =>
        Object.keys(list ?? {}).filter((name) => name.startsWith('@olla/'));
      assert.deepEqual(ours(manifest.dependencies), code, 'dependencies');
      assert.deepEqual(ours(manifest.devDependencies), tests, 'devDependencies');
    });
  }
});
