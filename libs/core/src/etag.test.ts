import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesEtag, weakEtag } from './etag.ts';

test('equal texts have equal etags, and texts that differ do not', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      assert.equal(weakEtag(a) === weakEtag(b), a === b);
      assert.match(weakEtag(a), /^W\/"[0-9a-z-]+"$/);
    }),
  );
  assert.notEqual(weakEtag('ab'), weakEtag('ba'));
});

test('If-None-Match: lists, the star, strong and weak forms', () => {
  const etag = weakEtag('x');
  assert.equal(matchesEtag(`"other", ${etag}`, etag), true);
  assert.equal(matchesEtag(etag.slice(2), etag), true);
  assert.equal(matchesEtag('*', etag), true);
  assert.equal(matchesEtag('"other"', etag), false);
  assert.equal(matchesEtag(undefined, etag), false);
});
