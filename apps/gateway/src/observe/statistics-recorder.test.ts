import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { estimateDistinct } from '@olla/core/distinct-count';
import { sumStatistics } from '../admin/sum-statistics.ts';
import { StatisticsRecorder, type SettledRequest } from './statistics-recorder.ts';

const SETTLED: SettledRequest = {
  isTraffic: true,
  startedAt: 100,
  endedAt: 112,
  firstByteAt: 105,
  clientAddress: '192.0.2.1',
  result: 'ok',
  error: null,
  endpoint: 'gpu-a',
  routing: { model: 'm', decision: 'hits' },
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
    statistics: recorder.report({ inFlight: {}, connections: 0, droppedSpans: 0 }),
  }));
  return sumStatistics({ workers, missing: [] });
}

describe('StatisticsRecorder', () => {
  test('a request counts once in the total, for its endpoint, for its model and for the pair', () => {
    const recorder = new StatisticsRecorder(() => undefined);
    recorder.settle(SETTLED);
    recorder.settle({ ...SETTLED, result: 'failed', endpoint: null, routing: null });
    const { total, endpoints, models, modelEndpoints } = sum(recorder);
    assert.deepEqual([total.requests, total.failures, total.retries], [2, 1, 2]);
    assert.equal(endpoints.get('gpu-a')?.requests, 1);
    assert.equal(models.get('m')?.tokensOut, 4);
    assert.equal(modelEndpoints.get('m')?.get('gpu-a')?.requests, 1);
  });

  test('durations count from the acceptance of the request', () => {
    const recorder = new StatisticsRecorder(() => undefined);
    recorder.settle(SETTLED);
    const { total } = sum(recorder);
    assert.deepEqual([total.minMs, total.durationSumMs, total.firstByteSumMs], [12, 12, 5]);
  });

  test('a request that is no traffic counts nowhere, but a body that is too large is counted as refused', () => {
    const recorder = new StatisticsRecorder(() => undefined);
    recorder.settle({ ...SETTLED, isTraffic: false, error: 'BODY_TOO_LARGE' });
    const { total, models, rejected } = sum(recorder);
    assert.deepEqual([total.requests, models.size, rejected.size], [0, 0, 1]);
  });

  test('where requests for a model went, and from how many clients, over all workers', () => {
    const [a, b] = [new StatisticsRecorder(() => undefined), new StatisticsRecorder(() => undefined)];
    const routed = (decision: 'hits' | 'misses' | 'fallbacks', clientAddress: string): SettledRequest => ({
      ...SETTLED,
      routing: { model: 'm', decision },
      endpoint: decision === 'misses' ? null : 'gpu-a',
      clientAddress,
    });
    a.settle(routed('hits', '192.0.2.1'));
    a.settle(routed('misses', '192.0.2.2'));
    b.settle(routed('hits', '192.0.2.1'));
    b.settle(routed('fallbacks', '192.0.2.3'));
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

  test('keeps a bounded number of refused addresses, and drops old ones when it reports', (t) => {
    t.mock.timers.enable({ apis: ['Date'] });
    const recorder = new StatisticsRecorder(() => undefined);
    const held = { inFlight: {}, connections: 0, droppedSpans: 0 };
    for (let n = 0; n < 12_000; n += 1) recorder.reject('per_ip', `a${n}`);
    assert.equal(recorder.report(held).blockedAddresses, 10_000);
    t.mock.timers.tick(60_001);
    recorder.reject('per_ip', 'a1');
    assert.equal(recorder.report(held).blockedAddresses, 1);
  });
});
