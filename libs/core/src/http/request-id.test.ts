import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHeaderValue } from './encode-header-value.ts';
import { newRequestId, validRequestId } from './request-id.ts';

test('request ids differ, and are valid themselves', () => {
  const ids = Array.from({ length: 1000 }, newRequestId);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.every(validRequestId));
});

test('a client’s request id is visible ASCII of bounded length', () => {
  for (const good of ['a', 'trace-1', '!~', 'x'.repeat(128)]) assert.equal(validRequestId(good), true, good);
  for (const bad of [undefined, '', 'a b', 'a\r\nX: y', 'é', '\x7f', 'x'.repeat(129)]) {
    assert.equal(validRequestId(bad), false, String(bad));
  }
});

test('any text becomes a header’s value, and plain ones stay as they are', () => {
  assert.equal(encodeHeaderValue('meta-llama/Llama-3.1-8B 100%'), 'meta-llama/Llama-3.1-8B 100%');
  assert.equal(encodeHeaderValue('a\r\nX: y é\ud800'), 'a%0D%0AX: y %C3%A9%EF%BF%BD');
});
