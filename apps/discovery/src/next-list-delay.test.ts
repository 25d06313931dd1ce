import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextListDelayMs } from './next-list-delay.ts';

const QUICK = { intervalMs: 300_000, isQuick: true, tookMs: 4, failed: false };
const SELDOM = { ...QUICK, isQuick: false };

describe('nextListDelayMs', () => {
  test('is 1.5 s where models change and a list is quick, with the default interval', () => {
    assert.equal(nextListDelayMs(QUICK, 0), 1_500);
  });

  test('grows with an interval that is longer than the default', () => {
    assert.equal(nextListDelayMs({ ...QUICK, intervalMs: 3_600_000 }, 0), 18_000);
  });

  test('is twenty times the duration of a list that takes long', () => {
    assert.equal(nextListDelayMs({ ...QUICK, tookMs: 500 }, 0), 10_000);
  });

  test('is the configured interval for every other server, and shorter after a failed list', () => {
    assert.equal(nextListDelayMs(SELDOM, 0), 300_000);
    assert.equal(nextListDelayMs({ ...SELDOM, failed: true }, 0), 30_000);
  });

  test('is never longer than the configured interval, and up to a tenth shorter', () => {
    assert.equal(nextListDelayMs({ ...QUICK, tookMs: 60_000 }, 0), 300_000);
    assert.equal(nextListDelayMs({ ...QUICK, intervalMs: 200 }, 0), 200);
    assert.equal(nextListDelayMs(SELDOM, 1), 270_000);
  });
});
