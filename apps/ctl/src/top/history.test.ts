import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyCluster, setRequestCount, takeSample } from '../../testing/fake-sample.ts';
import { addSample, EMPTY_HISTORY, type History } from './history.ts';

async function observe(
  steps: readonly { requests: number; failures?: number; afterMs: number }[],
): Promise<History> {
  const cluster = busyCluster(0);
  let history = EMPTY_HISTORY;
  let receivedMs = 0;
  for (const { requests, failures, afterMs } of steps) {
    cluster.now += afterMs;
    receivedMs += afterMs;
    setRequestCount(cluster, requests, failures);
    history = addSample(history, await takeSample(cluster, receivedMs));
  }
  return history;
}

test('has no rates after one sample', async () => {
  const history = await observe([{ requests: 500, afterMs: 0 }]);
  assert.equal(history.rates.requestsPerS, null);
  assert.deepEqual(history.requests, [null]);
});

test('computes rates from counters and the gateway’s time', async () => {
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

test('computes percentiles of the interval, not of all time', async () => {
  const history = await observe([
    { requests: 500, afterMs: 0 },
    { requests: 510, afterMs: 1_000 },
  ]);
  const { ttftP50Ms, ttftP95Ms } = history.rates;
  assert.ok(ttftP50Ms !== null && ttftP50Ms > 100 && ttftP50Ms <= 250);
  assert.ok(ttftP95Ms !== null && ttftP95Ms > 100 && ttftP95Ms <= 250);
});

test('has a gap, and no negative rate, after a restart of the cluster', async () => {
  const history = await observe([
    { requests: 500, afterMs: 0 },
    { requests: 510, afterMs: 1_000 },
    { requests: 3, afterMs: 1_000 },
    { requests: 5, afterMs: 1_000 },
  ]);
  assert.deepEqual(history.requests, [null, 10, null, 2]);
  assert.equal(history.rates.requestsPerS, 2);
});

test('has a gap when the gateway’s clock is set back', async () => {
  const history = await observe([
    { requests: 500, afterMs: 0 },
    { requests: 510, afterMs: -5_000 },
  ]);
  assert.deepEqual(history.requests, [null, null]);
});

test('has a rate of 0 after an unchanged response', async () => {
  const cluster = busyCluster(10);
  const first = await takeSample(cluster, 1_000);
  const history = addSample(addSample(EMPTY_HISTORY, first), { ...first, receivedMs: 2_000 });
  assert.deepEqual(history.requests, [null, 0]);
});

test('keeps the models when they are not read', async () => {
  const sample = await takeSample(busyCluster(1), 0);
  const history = addSample(addSample(EMPTY_HISTORY, sample), {
    ...sample,
    models: null,
    stats: null,
    receivedMs: 1_000,
  });
  assert.equal(history.models.length, 3);
});
