import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { retryAfterOf } from './health.ts';

describe('checkStatus', () => {
  test('reads Retry-After as seconds and as a date, from 0 to an hour', () => {
    const now = Date.parse('2026-11-23T00:00:00Z');
    assert.equal(retryAfterOf('30', now), 30_000);
    assert.equal(retryAfterOf('Mon, 23 Nov 2026 00:01:00 GMT', now), 60_000);
    assert.equal(retryAfterOf('Sun, 22 Nov 2026 00:00:00 GMT', now), 0);
    assert.equal(retryAfterOf('99999999', now), 3_600_000);
    assert.equal(retryAfterOf('soon', now), null);
    assert.equal(retryAfterOf(undefined, now), null);
  });
});
