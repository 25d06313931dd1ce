import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Admission, LimitSpec } from '@olla/state/limiter/admission';
import { refusal } from './admit.ts';
import { LimitTable } from './limit-table.ts';

type RateLimits = ConstructorParameters<typeof LimitTable>[0];
const DEFAULTS: RateLimits = {
  global_requests_per_minute: 1000,
  per_ip_requests_per_minute: 100,
  health_requests_per_minute: 1000,
  burst_size: 50,
} as RateLimits;

const table = (settings: Partial<RateLimits> = {}): LimitTable =>
  new LimitTable({ ...DEFAULTS, ...settings });
const names = (specs: readonly LimitSpec[]): string[] => specs.map(({ name }) => name);

describe('admit', () => {
  test('traffic falls under the global limit and that of its address, system calls under the health limit', () => {
    const limits = table();
    assert.deepEqual(names(limits.traffic('192.0.2.1')), ['global', 'per_ip']);
    assert.deepEqual(names(limits.system('192.0.2.1')), ['health']);
    const [global, own] = limits.traffic('192.0.2.1');
    assert.deepEqual([global?.ratePerMinute, global?.capacity], [1000, 50]);
    assert.deepEqual([own?.ratePerMinute, own?.capacity], [100, 50]);
  });

  test('each limit is switched off separately', () => {
    assert.deepEqual(names(table({ per_ip_requests_per_minute: 0 }).traffic('192.0.2.1')), ['global']);
    assert.deepEqual(names(table({ global_requests_per_minute: 0 }).traffic('192.0.2.1')), ['per_ip']);
    const noHealth = table({ health_requests_per_minute: 0 });
    assert.deepEqual(names(noHealth.system('192.0.2.1')), []);
    assert.deepEqual(names(noHealth.traffic('192.0.2.1')), ['global', 'per_ip']);
    const onlyHealth = table({ global_requests_per_minute: 0, per_ip_requests_per_minute: 0 });
    assert.deepEqual(names(onlyHealth.traffic('192.0.2.1')), []);
    assert.deepEqual(names(onlyHealth.system('192.0.2.1')), ['health']);
  });

  test('an address is its IPv4, mapped or not, or its IPv6 network of 64 bits', () => {
    const limits = table({ global_requests_per_minute: 0 });
    const key = (address: string): string | undefined => limits.traffic(address)[0]?.key;
    assert.equal(key('2001:db8:1:2::1'), key('2001:db8:1:2:ffff::9'));
    assert.notEqual(key('2001:db8:1:2::1'), key('2001:db8:1:3::1'));
    assert.equal(key('::ffff:192.0.2.1'), key('192.0.2.1'));
    assert.notEqual(key('192.0.2.1'), key('192.0.2.2'));
    assert.notEqual(key('192.0.2.1'), limits.system('192.0.2.1')[0]?.key);
  });

  test('a refusal names the limit, its key, and whole seconds until the next token', () => {
    const admission = (retryAfterMs: number): Admission => ({
      admitted: false,
      refusedBy: null,
      limit: 100,
      remaining: 0,
      resetMs: 30_000,
      retryAfterMs,
      waited: false,
    });
    const [global, own] = table().traffic('192.0.2.1') as [LimitSpec, LimitSpec];
    for (const [retryAfterMs, seconds] of [
      [0, 1],
      [1, 1],
      [600, 1],
      [1_001, 2],
    ] as const) {
      const error = refusal(admission(retryAfterMs), own);
      assert.deepEqual([error.code, error.retryAfterS], ['RATE_LIMITED', seconds]);
      assert.match(error.message, /this address.*100.*server\.rate_limits\.per_ip_requests_per_minute/);
    }
    assert.match(refusal(admission(1), global).message, /all clients together.*global_requests_per_minute/);
  });
});
