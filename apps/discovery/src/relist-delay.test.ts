import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relistDelayMs } from './relist-delay.ts';

test('lists come soon after another, but take no server more than a twentieth of its time', () => {
  assert.equal(relistDelayMs(4, 300_000), 1_500);
  assert.equal(relistDelayMs(500, 300_000), 10_000);
  assert.equal(relistDelayMs(60_000, 300_000), 300_000);
  assert.equal(relistDelayMs(4, 200), 200);
});
