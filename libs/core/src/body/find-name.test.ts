import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findName } from './find-name.ts';

test('a name is found wherever it stands at the top, with its place', () => {
  const text =
    ' { "insecure": true, "details": {"source": "no"}, "source" : "a\\u002fb:c", "destination":"d"}';
  const found = findName(Buffer.from(text), 'source');
  assert.equal(found?.model, 'a/b:c');
  assert.equal(text.slice(found.modelStart, found.modelEnd), '"a\\u002fb:c"');
});

test('what is no string, cut off or not there is not found', () => {
  for (const text of ['{"name":1}', '{"name":"cut', '{"other":"x"}', '["name"]', '', '{"name":"bad \\x"}'])
    assert.equal(findName(Buffer.from(text), 'name'), null, text);
});
