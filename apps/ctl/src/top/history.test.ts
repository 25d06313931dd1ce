import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyCluster, count, sampleOf } from './fake-sample.ts';
import { advance, EMPTY_HISTORY, type History } from './history.ts';

async function observe(
  steps: readonly { requests: number; failures?: number; afterMs: number }[],
): Promise<History> {
  const cluster = busyCluster(0);
  let history = EMPTY_HISTORY;
  let receivedMs = 0;
  for (const { requests, failures, afterMs } of steps) {
    cluster.now += afterMs;
    receivedMs += afterMs;
    count(cluster, requests, failures);
    history = advance(history, await sampleOf(cluster, receivedMs));
  }
  return history;
}

test('one sample makes no rates', async () => {
  const history = await observe([{ requests: 500, afterMs: 0 }]);
  assert.equal(history.rates.requestsPerS, null);
  assert.deepEqual(history.requests, [null]);
});

test('rates are differences of counters over the server’s time', async () => {
  const history = await observe([
    { requests: 500, afterMs: 0 },
    { requests: 510, failures: 1, afterMs: 2_000 },
  ]);
  assert.equal(history.rates.requestsPerS, 5);
  assert.equal(history.rates.tokensPerS, 250);
  assert.equal(history.rates.failed, 0.1);
  assert.deepEqual(history.requests, [null, 5]);
  assert.equal(history.endpoints.get('gpu-a')?.rates.requestsPerS, 5);
  assert.equal(history.endpoints.get('gpu-b')?.rates.requestsPerS, 0);
  assert.equal(history.modelRates.get('shared')?.requestsPerS, 5);
  assert.equal(history.requestsLastMinute, 300);
});

test('percentiles are those of the interval, not of all time', async () => {
  const history = await observe([
    { requests: 500, afterMs: 0 },
    { requests: 510, afterMs: 1_000 },
  ]);
  const { ttftP50Ms, ttftP95Ms } = history.rates;
  assert.ok(ttftP50Ms !== null && ttftP50Ms > 100 && ttftP50Ms <= 250);
  assert.ok(ttftP95Ms !== null && ttftP95Ms > 100 && ttftP95Ms <= 250);
});

test('a cluster that started again is a gap, never a negative rate', async () => {
  const history = await observe([
    { requests: 500, afterMs: 0 },
    { requests: 510, afterMs: 1_000 },
    { requests: 3, afterMs: 1_000 },
    { requests: 5, afterMs: 1_000 },
  ]);
  assert.deepEqual(history.requests, [null, 10, null, 2]);
  assert.equal(history.rates.requestsPerS, 2);
});

test('a clock that was set back is a gap too', async () => {
  const history = await observe([
    { requests: 500, afterMs: 0 },
    { requests: 510, afterMs: -5_000 },
  ]);
  assert.deepEqual(history.requests, [null, null]);
});

test('an unchanged answer counts as nothing having happened', async () => {
  const cluster = busyCluster(10);
  const first = await sampleOf(cluster, 1_000);
  const history = advance(advance(EMPTY_HISTORY, first), { ...first, receivedMs: 2_000 });
  assert.deepEqual(history.requests, [null, 0]);
});

test('models that were not read this time stay', async () => {
  const sample = await sampleOf(busyCluster(1), 0);
  const history = advance(advance(EMPTY_HISTORY, sample), {
    ...sample,
    models: null,
    stats: null,
    receivedMs: 1_000,
  });
  assert.equal(history.models.length, 3);
});
