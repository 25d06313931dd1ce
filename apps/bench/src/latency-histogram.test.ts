import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatencyHistogram } from './latency-histogram.ts';

test('returns exact percentiles for small values', () => {
  const histogram = new LatencyHistogram();
  for (let value = 1; value <= 100; value += 1) histogram.record(value);
  assert.equal(histogram.percentileUs(0.5), 50);
  assert.equal(histogram.percentileUs(0.99), 99);
  assert.equal(histogram.percentileUs(1), 100);
  assert.equal(histogram.count, 100);
});

test('returns no percentile when nothing is recorded', () => {
  assert.equal(new LatencyHistogram().percentileUs(0.5), undefined);
});

test('returns every percentile within 1 % of the exact one', () => {
  const values = fc.array(fc.integer({ min: 0, max: 2 ** 30 }), { minLength: 1, maxLength: 200 });
  const property = fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (latencies, share) => {
    const histogram = new LatencyHistogram();
    for (const latency of latencies) histogram.record(latency);
    const sorted = latencies.toSorted((a, b) => a - b);
    const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
    const found = histogram.percentileUs(share)!;
    assert.ok(Math.abs(found - exact) <= exact * 0.01, `${found} for ${exact}`);
  });
  fc.assert(property, { numRuns: 200 });
});

test('counts values beyond the range as its ends', () => {
  const histogram = new LatencyHistogram();
  histogram.record(-5);
  histogram.record(1e12);
  assert.equal(histogram.percentileUs(0.5), 0);
  assert.ok(histogram.percentileUs(1)! >= 2 ** 30 * 0.99);
});
