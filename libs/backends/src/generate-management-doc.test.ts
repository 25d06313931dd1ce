import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { MANAGEMENT_PAGE, managementPage } from './generate-management-doc.ts';

describe('the page on management', () => {
  test('docs/management.md equals what the generator writes', () => {
    assert.equal(
      readFileSync(MANAGEMENT_PAGE, 'utf8'),
      managementPage(),
      'docs/management.md is not current: node libs/backends/src/generate-management-doc.ts',
    );
  });
});
