import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ERRORS } from './errors.ts';
import { ERRORS_PAGE, errorsPage } from './generate-errors-doc.ts';

describe('docs/errors.md', () => {
  test('equals what the generator writes', () => {
    assert.equal(
      readFileSync(ERRORS_PAGE, 'utf8'),
      errorsPage(),
      'docs/errors.md is not current: node libs/core/src/generate-errors-doc.ts',
    );
  });

  test('has the codes of the table of errors, with their statuses and types', () => {
    const page = readFileSync(ERRORS_PAGE, 'utf8');
    const documented = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| `([a-z_]+)` \| (.+) \|$/gm)];
    const onPage = Object.fromEntries(
      documented.map(([, code, status, type]) => [code, [Number(status), type]]),
    );
    const inTable = Object.fromEntries(
      Object.entries(ERRORS).map(([code, { status, type }]) => [code, [status, type]]),
    );
    assert.deepEqual(onPage, inTable);
    assert.equal(documented.length, Object.keys(ERRORS).length);
  });

  test('has no meaning that would break its table', () => {
    for (const [code, { meaning }] of Object.entries(ERRORS)) assert.doesNotMatch(meaning, /[|\n]/, code);
  });
});
