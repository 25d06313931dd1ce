import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateDistinct } from '@olla/core/distinct-count';
import { sumStatistics } from '../admin/sum-statistics.ts';
import { StatisticsRecorder, type Settlement } from './statistics-recorder.ts';

const SETTLEMENT: Settlement = {
  endpoint: 'gpu-a',
  model: 'm',
  result: 'ok',
  durationMs: 12,
  firstByteMs: 5,
  bytesIn: 10,
  bytesOut: 20,
  tokensIn: 3,
  tokensOut: 4,
  retries: 1,
};

function sum(...recorders: StatisticsRecorder[]) {
  const workers = recorders.map((recorder, i) => ({
    instance: `w${i}`,
    gateway: 'g',
    host: 'h',
    alive: true,
    ageMs: 0,
    statistics: recorder.report({}),
  }));
  return sumStatistics({ workers, missing: [] });
}

test('a request counts once for the whole, its endpoint, its model and the pair', () => {
  const recorder = new StatisticsRecorder(() => undefined);
  recorder.settle(SETTLEMENT);
  recorder.settle({ ...SETTLEMENT, result: 'failed', endpoint: null, model: null });
  const { total, endpoints, models, modelEndpoints } = sum(recorder);
  assert.deepEqual([total.requests, total.failures, total.retries], [2, 1, 2]);
  assert.equal(endpoints.get('gpu-a')?.requests, 1);
  assert.equal(models.get('m')?.tokensOut, 4);
  assert.equal(modelEndpoints.get('m')?.get('gpu-a')?.requests, 1);
});

test('where requests for a model went, and from how many clients, over all workers', () => {
  const [a, b] = [new StatisticsRecorder(() => undefined), new StatisticsRecorder(() => undefined)];
  a.route('m', 'hits', '192.0.2.1');
  a.route('m', 'misses', '192.0.2.2');
  b.route('m', 'hits', '192.0.2.1');
  b.route('m', 'fallbacks', '192.0.2.3');
  const routing = sum(a, b).routing.get('m');
  assert.deepEqual([routing?.hits, routing?.misses, routing?.fallbacks], [2, 1, 1]);
  assert.equal(estimateDistinct(routing?.clients ?? []), 3);
});

test('refused addresses count while their refusal is recent', () => {
  const recorder = new StatisticsRecorder(() => undefined);
  recorder.reject('per_ip', '192.0.2.1');
  recorder.reject('per_ip', '192.0.2.1');
  recorder.reject('global', '192.0.2.2');
  const { rejected, blockedAddresses } = sum(recorder);
  assert.deepEqual([rejected.perIp, rejected.global, blockedAddresses], [2, 1, 2]);
});
