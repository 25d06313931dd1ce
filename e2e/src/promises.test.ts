import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PROMISES_PAGE, promisesPage, readmeSentences, REPOSITORY } from './generate-promises-doc.ts';
import { PROMISES } from './promises.ts';

describe('the promises of the README', () => {
  test('are each covered by a test, and no other sentence is listed', () => {
    const sentences = readmeSentences();
    assert.ok(sentences.length > 10, 'the README has its feature list');
    assert.deepEqual(
      PROMISES.map(({ sentence }) => sentence),
      sentences,
    );
    for (const { sentence, tests } of PROMISES) assert.ok(tests.length > 0, sentence);
  });

  for (const [file, title] of PROMISES.flatMap(({ tests }) => tests))
    test(`name a test that exists: ${title}`, () => {
      const source = readFileSync(join(REPOSITORY, file), 'utf8');
      const quoted = ["'", '"', '`'].map((quote) => `${quote}${title}${quote}`);
      assert.ok(
        quoted.some((text) => source.includes(text)),
        `${file} holds no test of this title`,
      );
    });

  test('are in docs/promises.md', () => {
    assert.equal(
      readFileSync(PROMISES_PAGE, 'utf8'),
      promisesPage(),
      'docs/promises.md is not current: node e2e/src/generate-promises-doc.ts',
    );
  });
});
