import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newRequestId, validRequestId } from './request-id.ts';

describe('the id of a request', () => {
  test('makes request ids that differ and are valid', () => {
    const ids = Array.from({ length: 1000 }, newRequestId);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.every(validRequestId));
  });

  test('accepts a client’s request id only if it is visible ASCII of at most 128 characters', () => {
    for (const good of ['a', 'trace-1', '!~', 'x'.repeat(128)])
      assert.equal(validRequestId(good), true, good);
    for (const bad of [undefined, '', 'a b', 'a\r\nX: y', 'é', '\x7f', 'x'.repeat(129)]) {
      assert.equal(validRequestId(bad), false, String(bad));
    }
  });
});
