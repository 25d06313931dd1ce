import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { findPublicModules, readProjects } from './public-modules.ts';

const root = join(import.meta.dirname, '..');

describe('the exports of each project', () => {
  const projects = readProjects();
  const wanted = findPublicModules(projects);
  for (const { name, manifest, exports } of projects)
    test(`are the modules that other projects import: ${name}`, () => {
      assert.deepEqual(exports, wanted.get(name), 'write them with: node tools/public-modules.ts');
      for (const path of Object.values(exports))
        assert.ok(existsSync(join(root, dirname(manifest), path)), `${manifest}: ${path}`);
    });
});
