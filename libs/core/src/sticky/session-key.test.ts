import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { needsOpening, sessionKey, type SessionMarks, type SessionSource } from './session-key.ts';

const ALL: SessionSource[] = ['session_header', 'prefix_hash', 'auth_header', 'ip'];
const marks: SessionMarks = {
  sessionId: 'conv-1',
  authorization: 'Bearer secret',
  address: '203.0.113.7',
  model: 'm',
  opening: 'hash',
};

describe('sessionKey', () => {
  test('takes the key of the first configured source that has one', () => {
    const sourceOf = (given: SessionMarks, sources = ALL): string | undefined =>
      sessionKey(given, sources)?.source;
    assert.equal(sourceOf(marks), 'session_header');
    assert.equal(sourceOf(marks, ['ip', 'session_header']), 'ip');
    const nameless = { ...marks, sessionId: undefined };
    assert.equal(sourceOf(nameless), 'prefix_hash');
    assert.equal(sourceOf({ ...nameless, sessionId: '' }), 'prefix_hash');
    assert.equal(sourceOf({ ...nameless, opening: null }), 'auth_header');
    assert.equal(sourceOf({ ...nameless, opening: null, authorization: undefined }), 'ip');
    assert.equal(sessionKey({ ...nameless, opening: null, authorization: undefined }, ALL.slice(0, 3)), null);
  });

  test('makes keys that hide their source’s value, and differ by source, value and model', () => {
    const keys = [
      sessionKey(marks, ['auth_header']),
      sessionKey({ ...marks, sessionId: 'Bearer secret' }, ['session_header']),
      sessionKey({ ...marks, model: 'n' }, ['auth_header']),
      sessionKey({ ...marks, authorization: 'Bearer other' }, ['auth_header']),
    ].map((made) => made?.key ?? '');
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) assert.match(key, /^[\w-]{22}$/);
  });

  test('needs the opening of the conversation only where no earlier source has a key', () => {
    const none = { sessionId: undefined, authorization: undefined };
    assert.equal(needsOpening(marks, ALL), false);
    assert.equal(needsOpening({ ...marks, sessionId: undefined }, ALL), true);
    assert.equal(needsOpening({ ...marks, sessionId: '' }, ALL), true);
    assert.equal(needsOpening(none, ['auth_header', 'prefix_hash']), true);
    assert.equal(needsOpening({ ...none, authorization: 'Bearer' }, ['auth_header', 'prefix_hash']), false);
    assert.equal(needsOpening(none, ['ip', 'prefix_hash']), false);
    assert.equal(needsOpening(none, ['session_header', 'auth_header']), false);
  });
});
