import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionKey, type SessionMarks, type SessionSource } from './session-key.ts';

const ALL: SessionSource[] = ['session_header', 'prefix_hash', 'auth_header', 'ip'];
const marks: SessionMarks = {
  sessionId: 'conv-1',
  authorization: 'Bearer secret',
  address: '203.0.113.7',
  model: 'm',
  body: () => Buffer.from('{"messages":[{"role":"user","content":"hi"}]}'),
};

test('takes the key of the first configured source that has one', () => {
  const sourceOf = (given: SessionMarks, sources = ALL): string | undefined =>
    sessionKey(given, sources)?.source;
  assert.equal(sourceOf(marks), 'session_header');
  assert.equal(sourceOf(marks, ['ip', 'session_header']), 'ip');
  const nameless = { ...marks, sessionId: undefined };
  assert.equal(sourceOf(nameless), 'prefix_hash');
  assert.equal(sourceOf({ ...nameless, sessionId: '' }), 'prefix_hash');
  assert.equal(sourceOf({ ...nameless, body: () => null }), 'auth_header');
  assert.equal(sourceOf({ ...nameless, body: () => null, authorization: undefined }), 'ip');
  assert.equal(
    sessionKey({ ...nameless, body: () => null, authorization: undefined }, ALL.slice(0, 3)),
    null,
  );
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

test('does not read the body where an earlier source has a key', () => {
  sessionKey({ ...marks, body: () => assert.fail('looked at') }, ALL);
});
