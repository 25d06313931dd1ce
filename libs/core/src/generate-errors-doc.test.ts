import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERRORS } from './errors.ts';
import { ERRORS_PAGE, errorsPage } from './generate-errors-doc.ts';

test('docs/errors.md is what the generator writes', () => {
  assert.equal(
    readFileSync(ERRORS_PAGE, 'utf8'),
    errorsPage(),
    'docs/errors.md is not current: node libs/core/src/generate-errors-doc.ts',
  );
});

test('docs/errors.md and the table of errors name the same codes with the same statuses and types', () => {
  const page = readFileSync(ERRORS_PAGE, 'utf8');
  const documented = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| `([a-z_]+)` \| (.+) \|$/gm)];
  const told = Object.fromEntries(documented.map(([, code, status, type]) => [code, [Number(status), type]]));
  const thrown = Object.fromEntries(
    Object.entries(ERRORS).map(([code, { status, type }]) => [code, [status, type]]),
  );
  assert.deepEqual(told, thrown);
  assert.equal(documented.length, Object.keys(ERRORS).length);
});

test('no meaning breaks the table', () => {
  for (const [code, { meaning }] of Object.entries(ERRORS)) assert.doesNotMatch(meaning, /[|\n]/, code);
});
