import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTRACT_LINES } from './contract-lines.ts';
import { CONTRACT_PAGE, contractPage, testedLines } from './generate-contract-doc.ts';

test('every line of the contract has one test of its name, and the page tells where', () => {
  const tested = testedLines();
  assert.deepEqual([...tested.keys()].sort(), CONTRACT_LINES.map(({ line }) => line).sort());
  assert.equal(
    readFileSync(CONTRACT_PAGE, 'utf8'),
    contractPage(),
    'docs/contract.md is not current: node e2e/src/generate-contract-doc.ts',
  );
});

test('the files that the page names exist', () => {
  for (const file of CONTRACT_LINES.flatMap(({ also = [] }) => also))
    assert.ok(existsSync(join(import.meta.dirname, file)), file);
});
