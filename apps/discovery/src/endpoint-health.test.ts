import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRoutable, nextCheckDelayMs, nextHealth, unknownHealth } from './endpoint-health.ts';
import type { CheckOutcome, EndpointHealth } from './endpoint-health.ts';

const TIMEOUT_MS = 2_000;
const OK: CheckOutcome = { kind: 'ok', latencyMs: 5 };
const SLOW: CheckOutcome = { kind: 'ok', latencyMs: 1_500 };
const REFUSED: CheckOutcome = { kind: 'unreachable', reason: 'connection refused' };
const SILENT: CheckOutcome = { kind: 'silent', reason: 'no answer within 2000 ms' };
const BROKEN: CheckOutcome = {
  kind: 'refused',
  verdict: { ok: false, state: 'unhealthy', reason: 'answered 500' },
  latencyMs: 5,
};
const FORBIDDEN: CheckOutcome = {
  kind: 'refused',
  verdict: { ok: false, state: 'config_error', reason: 'answered 401' },
  latencyMs: 5,
};
const LIMITED: CheckOutcome = {
  kind: 'refused',
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

test('the first good check makes an endpoint healthy at once', () => {
  assert.deepEqual(states(OK), ['healthy']);
});

test('no connection is offline at once, and an endpoint that comes back warms up', () => {
  assert.deepEqual(states(OK, REFUSED, OK, OK, OK), ['healthy', 'offline', 'warming', 'healthy', 'healthy']);
});

test('one silent check of a serving endpoint is busy, the second unhealthy', () => {
  assert.deepEqual(states(OK, SILENT, SILENT, OK), ['healthy', 'busy', 'unhealthy', 'warming']);
  assert.deepEqual(states(OK, SILENT, OK), ['healthy', 'busy', 'healthy']);
  assert.deepEqual(states(SILENT), ['unhealthy']);
});

test('a slow answer is busy, and routable', () => {
  assert.deepEqual(states(OK, SLOW, OK), ['healthy', 'busy', 'healthy']);
});

test('bad answers have their own states', () => {
  assert.deepEqual(states(OK, BROKEN, FORBIDDEN, LIMITED), [
    'healthy',
    'unhealthy',
    'config_error',
    'rate_limited',
  ]);
});

test('since changes with the state only', () => {
  let health = unknownHealth(0);
  for (const [now, outcome] of [OK, OK, REFUSED, REFUSED].entries()) {
    health = nextHealth(health, outcome, { now: now + 1, timeoutMs: TIMEOUT_MS });
  }
  assert.equal(health.since, 3);
  assert.equal(health.checkedAt, 4);
  assert.equal(health.failures, 2);
});

function after(...outcomes: CheckOutcome[]): EndpointHealth {
  return outcomes.reduce(
    (health, outcome) => nextHealth(health, outcome, { now: 1_000, timeoutMs: TIMEOUT_MS }),
    unknownHealth(0),
  );
}

test('checks come at the interval, sooner where something is to be confirmed', () => {
  assert.equal(nextCheckDelayMs(after(OK), 5_000, 1_000, 0), 5_000);
  assert.equal(nextCheckDelayMs(after(REFUSED), 30_000, 1_000, 0), 2_000);
  assert.equal(nextCheckDelayMs(after(OK, SILENT), 30_000, 1_000, 0), 1_000);
  assert.equal(nextCheckDelayMs(after(REFUSED, OK), 30_000, 1_000, 0), 1_000);
  assert.equal(nextCheckDelayMs(after(FORBIDDEN), 30_000, 1_000, 0), 30_000);
  assert.equal(nextCheckDelayMs(after(OK), 200, 1_000, 0), 200);
});

test('a backend that limits us is left alone for the time it named', () => {
  assert.equal(nextCheckDelayMs(after(OK, LIMITED), 5_000, 1_000, 1), 45_000);
});

const outcome = fc.constantFrom(OK, SLOW, REFUSED, SILENT, BROKEN, FORBIDDEN, LIMITED);

test('whatever came before, two good checks serve and two bad ones do not', () => {
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 12 }), outcome, (history, bad) => {
      assert.equal(after(...history, OK, OK).state, 'healthy');
      if (bad.kind !== 'ok') assert.equal(isRoutable(after(...history, bad, bad).state), false);
    }),
    { numRuns: 300 },
  );
});

test('no delay is longer than the interval, but for a time that the backend named', () => {
  fc.assert(
    fc.property(
      fc.array(outcome, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 600_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (history, intervalMs, random) => {
        const health = after(...history);
        const delayMs = nextCheckDelayMs(health, intervalMs, 1_000, random);
        assert.ok(delayMs >= 1 && Number.isInteger(delayMs));
        if (health.state !== 'rate_limited') assert.ok(delayMs <= intervalMs);
      },
    ),
    { numRuns: 300 },
  );
});
