import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  BACKOFF_MS,
  isBackedOff,
  isRefusal,
  MAX_BACKOFF_MS,
  MAX_RETRY_AFTER_MS,
  newBackoff,
  recordRefusal,
  recordServed,
} from './backoff.ts';

const NOW = 1_000_000;
const at = (ms: number) => () => ms;

describe('a response that refuses', () => {
  test('is a 429, and a 503 without any delay', () => {
    assert.deepEqual(
      [
        isRefusal(429, 90_000),
        isRefusal(503, 20),
        isRefusal(503, 5_000),
        isRefusal(502, 1),
        isRefusal(200, 1),
      ],
      [true, true, false, false, false],
    );
  });
});

describe('an endpoint that refused', () => {
  test('is behind its peers for a moment that doubles with each refusal in a row, up to a bound', () => {
    const backoff = newBackoff();
    let now = NOW;
    for (let i = 0; i < 12; i += 1) {
      recordRefusal(backoff, { startedAt: now, retryAfterMs: null }, now);
      const ms = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** i);
      assert.equal(isBackedOff(backoff, at(now + ms - 1)), true);
      assert.equal(isBackedOff(backoff, at(now + ms)), false);
      now += ms;
    }
  });

  test('counts one refusal for requests that were under way together', () => {
    const backoff = newBackoff();
    for (let i = 0; i < 8; i += 1)
      recordRefusal(backoff, { startedAt: NOW - 5, retryAfterMs: null }, NOW + i);
    assert.equal(backoff.inARow, 1);
    assert.equal(isBackedOff(backoff, at(NOW + BACKOFF_MS)), false);
  });

  test('is used again at once when a request that was there before ends: its place is free', () => {
    const backoff = newBackoff();
    recordRefusal(backoff, { startedAt: NOW, retryAfterMs: null }, NOW + 1);
    recordServed(backoff, NOW - 60_000);
    assert.equal(isBackedOff(backoff, at(NOW + 2)), false);
    assert.equal(backoff.inARow, 1);
  });

  test('lasts for the time in Retry-After, until the endpoint serves a request sent since', () => {
    const backoff = newBackoff();
    recordRefusal(backoff, { startedAt: NOW, retryAfterMs: 30_000 }, NOW + 1);
    recordServed(backoff, NOW - 60_000);
    assert.equal(isBackedOff(backoff, at(NOW + 29_000)), true);
    recordServed(backoff, NOW + 10_000);
    assert.equal(isBackedOff(backoff, at(NOW + 29_000)), false);
    assert.equal(backoff.inARow, 0);
  });

  test('is never left alone for longer than the bounds, and never once it has served a new request', () => {
    const step = fc.record({
      wait: fc.nat(20_000),
      took: fc.nat(2_000),
      served: fc.boolean(),
      retryAfterMs: fc.option(fc.nat(10 ** 9)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const backoff = newBackoff();
        let now = NOW;
        for (const { wait, took, served, retryAfterMs } of steps) {
          now += wait + took;
          if (served) recordServed(backoff, now);
          else recordRefusal(backoff, { startedAt: now - took, retryAfterMs }, now);
          assert.equal(isBackedOff(backoff, at(now)), !served);
          assert.equal(isBackedOff(backoff, at(now + MAX_RETRY_AFTER_MS)), false);
        }
      }),
    );
  });
});
