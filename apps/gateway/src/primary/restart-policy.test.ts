import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countCrash, LAST_RESTART_DELAY_MS, restartDelayMs, STABLE_AFTER_MS } from './restart-policy.ts';

describe('the restart policy', () => {
  test('delays double and are bounded', () => {
    assert.deepEqual([0, 1, 2, 3].map(restartDelayMs), [100, 200, 400, 800]);
    assert.equal(restartDelayMs(60), LAST_RESTART_DELAY_MS);
  });

  test('a child that was stable starts again at once', () => {
    assert.equal(countCrash(7, STABLE_AFTER_MS), 0);
    assert.equal(countCrash(7, 10), 8);
  });
});
