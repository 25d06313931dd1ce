import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextListDelayMs } from './next-list-delay.ts';

describe('nextListDelayMs', () => {
  test('is 1.5 s when a list is quick', () => {
    assert.equal(nextListDelayMs(4, 300_000), 1_500);
  });

  test('is twenty times the duration of a list that takes long', () => {
    assert.equal(nextListDelayMs(500, 300_000), 10_000);
  });

  test('is never longer than the configured interval', () => {
    assert.equal(nextListDelayMs(60_000, 300_000), 300_000);
    assert.equal(nextListDelayMs(4, 200), 200);
  });
});
