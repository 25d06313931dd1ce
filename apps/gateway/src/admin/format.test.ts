import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatAgo, formatBytes, formatDuration, formatShare } from './format.ts';

describe('the formats of the admin API', () => {
  test('sizes are in binary steps', () => {
    assert.deepEqual([0, 1006, 9800, 3 * 1024 ** 3].map(formatBytes), [
      '0 B',
      '1006 B',
      '9.57 KB',
      '3.00 GB',
    ]);
  });

  test('shares have a decimal digit only if needed, and never round a failure to 100%', () => {
    assert.equal(formatShare(8, 13), '61.5%');
    assert.equal(formatShare(5, 5), '100%');
    assert.equal(formatShare(0, 5), '0%');
    assert.equal(formatShare(99_999, 100_000), '99.9%');
    assert.equal(formatShare(0, 0), 'N/A');
  });

  test('durations show their two largest units', () => {
    assert.deepEqual([0, 59_999, 432_000, 7_500_000, 273_600_000].map(formatDuration), [
      '0s',
      '59s',
      '7m12s',
      '2h5m',
      '3d4h',
    ]);
    assert.equal(formatAgo(null, 5), 'never');
  });
});
