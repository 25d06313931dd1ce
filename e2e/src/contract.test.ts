import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CONTRACT_LINES } from './contract-lines.ts';
import { CONTRACT_PAGE, contractPage, testedLines, testPath } from './generate-contract-doc.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the page of the contract', () => {
  test('every line of the contract has one test with that title, and docs/contract.md is current', () => {
    const tested = testedLines();
    assert.deepEqual([...tested.keys()].sort(), CONTRACT_LINES.map(({ line }) => line).sort());
    assert.equal(
      readFileSync(CONTRACT_PAGE, 'utf8'),
      contractPage(),
      'docs/contract.md is not current: node e2e/src/generate-contract-doc.ts',
    );
  });

  test('every file in docs/contract.md exists', () => {
    for (const file of CONTRACT_LINES.flatMap(({ also = [] }) => also))
      assert.ok(existsSync(join(ROOT, testPath(file))), file);
  });
});
