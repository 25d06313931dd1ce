import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeHeaderValue } from './encode-header-value.ts';

describe('encodeHeaderValue', () => {
  test('encodes everything except printable ASCII for a header', () => {
    assert.equal(encodeHeaderValue('meta-llama/Llama-3.1-8B 100%'), 'meta-llama/Llama-3.1-8B 100%');
    assert.equal(encodeHeaderValue('a\r\nX: y é\ud800'), 'a%0D%0AX: y %C3%A9%EF%BF%BD');
  });
});
