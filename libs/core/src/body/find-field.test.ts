import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findField } from './find-field.ts';

describe('findField', () => {
  test('a name at any position of the top level is found, with its range', () => {
    const text =
      ' { "insecure": true, "details": {"source": "no"}, "source" : "a\\u002fb:c", "destination":"d"}';
    const { model, tokens } = findField(Buffer.from(text), 'source');
    assert.equal(model, 'a/b:c');
    assert.deepEqual(
      tokens.map(({ start, end }) => text.slice(start, end)),
      ['"a\\u002fb:c"'],
    );
  });

  test('the name of a field counts in the letter cases that Go folds', () => {
    for (const [text, field] of [
      ['{"NAME":"m"}', 'name'],
      ['{"\\u004eame":"m"}', 'name'],
      ['{"ſource":"m"}', 'source'],
      ['{"From":"m","from":"m"}', 'from'],
    ] as const)
      assert.equal(findField(Buffer.from(text), field).model, 'm', text);
  });

  test('two names, and a value that is no text, are ambiguous', () => {
    for (const text of [
      '{"name":"a","Name":"b"}',
      '{"name":1}',
      '{"name":["a"]}',
      '{"name":"bad \\x"}',
      '{"name":"cut',
    ])
      assert.deepEqual([findField(Buffer.from(text), 'name').isAmbiguous], [true], text);
  });

  test('null, empty or not there is none', () => {
    for (const text of ['{"name":null }', '{"name":""}', '{"other":"x"}', '["name"]', '']) {
      const { model, isAmbiguous } = findField(Buffer.from(text), 'name');
      assert.deepEqual([model, isAmbiguous], [null, false], text);
    }
  });
});
