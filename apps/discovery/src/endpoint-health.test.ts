import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isServingState } from '@olla/core/endpoint-status';
import fc from 'fast-check';
import {
  nextCheckDelayMs,
  nextHealth,
  unknownHealth,
  type CheckOutcome,
  type EndpointHealth,
} from './endpoint-health.ts';

const TIMEOUT_MS = 2_000;
const PASSED: CheckOutcome = { kind: 'passed', latencyMs: 5 };
const SLOW: CheckOutcome = { kind: 'passed', latencyMs: 1_500 };
const UNREACHABLE: CheckOutcome = { kind: 'unreachable', reason: 'connection refused' };
const NO_RESPONSE: CheckOutcome = { kind: 'no-response', reason: 'no response within 2000 ms' };
const BROKEN: CheckOutcome = {
  kind: 'failed',
  verdict: { ok: false, state: 'unhealthy', reason: 'answered 500' },
  latencyMs: 5,
};
const FORBIDDEN: CheckOutcome = {
  kind: 'failed',
  verdict: { ok: false, state: 'config_error', reason: 'answered 401' },
  latencyMs: 5,
};
const LIMITED: CheckOutcome = {
  kind: 'failed',
  verdict: { ok: false, state: 'rate_limited', reason: 'answered 429', retryAfterMs: 45_000 },
  latencyMs: 5,
};

function states(...outcomes: CheckOutcome[]): string[] {
  let health = unknownHealth(0);
  return outcomes.map((outcome, at) => {
    health = nextHealth(health, outcome, { now: at + 1, timeoutMs: TIMEOUT_MS });
    return health.state;
  });
}

function after(...outcomes: CheckOutcome[]): EndpointHealth {
  return outcomes.reduce(
    (health, outcome) => nextHealth(health, outcome, { now: 1_000, timeoutMs: TIMEOUT_MS }),
    unknownHealth(0),
  );
}

const outcome = fc.constantFrom(PASSED, SLOW, UNREACHABLE, NO_RESPONSE, BROKEN, FORBIDDEN, LIMITED);

test('has what the server or the system said as the detail, until a check passes', () => {
  const verdict = {
    ok: false,
    state: 'unhealthy',
    reason: 'answered 500',
    detail: 'CUDA out of memory',
  } as const;
  const context = { now: 1, timeoutMs: TIMEOUT_MS };
  const failed = nextHealth(unknownHealth(0), { kind: 'failed', verdict, latencyMs: 5 }, context);
  assert.deepEqual([failed.reason, failed.detail], ['answered 500', 'CUDA out of memory']);
  const lost = {
    kind: 'unreachable',
    reason: 'the request failed (EHOSTUNREACH)',
    detail: 'connect 10.0.0.5',
  } as const;
  assert.equal(nextHealth(failed, lost, context).detail, 'connect 10.0.0.5');
  assert.equal(nextHealth(failed, UNREACHABLE, context).detail, '');
  assert.equal(nextHealth(failed, PASSED, context).detail, '');
});

describe('nextHealth', () => {
  test('makes an endpoint healthy after its first check passes', () => {
    assert.deepEqual(states(PASSED), ['healthy']);
  });

  test('makes an endpoint offline after one failed connection, and warming when it comes back', () => {
    assert.deepEqual(states(PASSED, UNREACHABLE, PASSED, PASSED, PASSED), [
      'healthy',
      'offline',
      'warming',
      'healthy',
      'healthy',
    ]);
  });

  test('makes a serving endpoint busy after one check without a response, and unhealthy after two', () => {
    assert.deepEqual(states(PASSED, NO_RESPONSE, NO_RESPONSE, PASSED), [
      'healthy',
      'busy',
      'unhealthy',
      'warming',
    ]);
    assert.deepEqual(states(PASSED, NO_RESPONSE, PASSED), ['healthy', 'busy', 'healthy']);
    assert.deepEqual(states(NO_RESPONSE), ['unhealthy']);
  });

  test('makes an endpoint busy while its responses take more than half of the timeout', () => {
    assert.deepEqual(states(PASSED, SLOW, PASSED), ['healthy', 'busy', 'healthy']);
  });

  test('takes the state of a failed check from its verdict', () => {
    assert.deepEqual(states(PASSED, BROKEN, FORBIDDEN), ['healthy', 'unhealthy', 'config_error']);
  });

  test('keeps an endpoint in service that answers a check with 429, and takes an offline one back into service', () => {
    assert.deepEqual(states(PASSED, LIMITED, LIMITED), ['healthy', 'healthy', 'healthy']);
    assert.deepEqual(states(LIMITED), ['healthy']);
    assert.deepEqual(states(UNREACHABLE, LIMITED), ['offline', 'healthy']);
    assert.deepEqual(states(FORBIDDEN, LIMITED), ['config_error', 'config_error']);
    assert.equal(after(PASSED, LIMITED).retryAt, 46_000);
    assert.match(after(PASSED, LIMITED).reason, /429/);
    assert.equal(after(PASSED, LIMITED, PASSED).reason, '');
  });

  test('changes since only when the state changes', () => {
    let health = unknownHealth(0);
    for (const [now, outcome] of [PASSED, PASSED, UNREACHABLE, UNREACHABLE].entries()) {
      health = nextHealth(health, outcome, { now: now + 1, timeoutMs: TIMEOUT_MS });
    }
    assert.equal(health.since, 3);
    assert.equal(health.checkedAt, 4);
    assert.equal(health.failures, 2);
  });

  test('serves after two checks that pass and does not after two that fail, from any state', () => {
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 12 }), outcome, (history, bad) => {
        assert.equal(after(...history, PASSED, PASSED).state, 'healthy');
        if (bad.kind !== 'passed' && bad !== LIMITED)
          assert.equal(isServingState(after(...history, bad, bad).state), false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('nextCheckDelayMs', () => {
  test('is the interval, and shorter while an endpoint does not serve or its state is about to change', () => {
    assert.equal(nextCheckDelayMs(after(PASSED), 5_000, 1_000, 0), 5_000);
    assert.equal(nextCheckDelayMs(after(UNREACHABLE), 30_000, 1_000, 0), 2_000);
    assert.equal(nextCheckDelayMs(after(PASSED, NO_RESPONSE), 30_000, 1_000, 0), 1_000);
    assert.equal(nextCheckDelayMs(after(UNREACHABLE, PASSED), 30_000, 1_000, 0), 1_000);
    assert.equal(nextCheckDelayMs(after(FORBIDDEN), 30_000, 1_000, 0), 30_000);
    assert.equal(nextCheckDelayMs(after(PASSED), 200, 1_000, 0), 200);
  });

  test('is the time that a rate-limited backend named', () => {
    assert.equal(nextCheckDelayMs(after(PASSED, LIMITED), 5_000, 1_000, 1), 45_000);
  });

  test('is a whole number of milliseconds from 1 to the interval, except for a time that the backend named', () => {
    fc.assert(
      fc.property(
        fc.array(outcome, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 600_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (history, intervalMs, random) => {
          const health = after(...history);
          const delayMs = nextCheckDelayMs(health, intervalMs, 1_000, random);
          assert.ok(delayMs >= 1 && Number.isInteger(delayMs));
          if (health.retryAt === null) assert.ok(delayMs <= intervalMs);
        },
      ),
      { numRuns: 300 },
    );
  });
});
