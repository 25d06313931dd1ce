import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { endpointStatus, isServingState, type Drains, type ProbedStatus } from './endpoint-status.ts';
import { newBreaker, recordConnectionFailure, recordStatus, type Breaker } from './route-plan/breaker.ts';
import type { EndpointState } from './snapshot.ts';

const SETTINGS = { name: 'gpu-a' };
const NO_DRAIN: Drains = { drained: {} };
const DRAIN: Drains = { drained: { 'gpu-a': { by: 'ann@desk', at: 300 } } };

function probed(state: EndpointState, reason = ''): ProbedStatus {
  return { state, reason, since: 100 };
}

function ejected(): Breaker {
  const breaker = newBreaker();
  recordConnectionFailure(breaker, { reason: 'connection refused', startedAt: 200 }, 200);
  return breaker;
}

function readmitted(): Breaker {
  const breaker = ejected();
  recordStatus(breaker, 200, 240, 250);
  return breaker;
}

describe('endpointStatus', () => {
  const rows: [string, ProbedStatus | null, Drains, Breaker, ReturnType<typeof endpointStatus>][] = [
    [
      'serves when it is healthy',
      probed('healthy'),
      NO_DRAIN,
      newBreaker(),
      { serves: true, status: 'healthy', reason: '', since: 100 },
    ],
    [
      'serves when it is busy, and says why',
      probed('busy', 'took 900 ms to answer the health check'),
      NO_DRAIN,
      newBreaker(),
      { serves: true, status: 'busy', reason: 'took 900 ms to answer the health check', since: 100 },
    ],
    [
      'serves when it is warming',
      probed('warming', 'coming back'),
      NO_DRAIN,
      newBreaker(),
      { serves: true, status: 'warming', reason: 'coming back', since: 100 },
    ],
    ...(['offline', 'unhealthy', 'unknown', 'config_error', 'rate_limited'] as const).map(
      (state): (typeof rows)[number] => [
        `does not serve when it is ${state}`,
        probed(state, 'why'),
        NO_DRAIN,
        newBreaker(),
        { serves: false, status: state, reason: 'why', since: 100 },
      ],
    ),
    [
      'is unknown when no agent has seen it',
      null,
      NO_DRAIN,
      newBreaker(),
      { serves: false, status: 'unknown', reason: 'not checked yet', since: null },
    ],
    [
      'is ejected when its checks pass and its breaker is open',
      probed('healthy'),
      NO_DRAIN,
      ejected(),
      { serves: false, status: 'ejected', reason: 'connection refused', since: 200 },
    ],
    [
      'serves since its re-admission, and says why it was re-admitted',
      probed('healthy'),
      NO_DRAIN,
      readmitted(),
      { serves: true, status: 'healthy', reason: 'readmitted: a request was answered (200)', since: 250 },
    ],
    [
      'shows the state that the checks found after a re-admission',
      { state: 'busy', reason: 'slow', since: 260 },
      NO_DRAIN,
      readmitted(),
      { serves: true, status: 'busy', reason: 'slow', since: 260 },
    ],
    [
      'shows what the checks found before an ejection',
      probed('offline', 'connection refused'),
      NO_DRAIN,
      ejected(),
      { serves: false, status: 'offline', reason: 'connection refused', since: 100 },
    ],
    [
      'is draining when an operator drained it, and names the operator',
      probed('healthy'),
      DRAIN,
      newBreaker(),
      { serves: false, status: 'draining', reason: 'drained by ann@desk', since: 300 },
    ],
    [
      'is draining when it is also unreachable, and the reason has both',
      probed('offline', 'connection refused'),
      DRAIN,
      newBreaker(),
      {
        serves: false,
        status: 'draining',
        reason: 'drained by ann@desk; offline: connection refused',
        since: 300,
      },
    ],
    [
      'is draining when it is also ejected, and says that it is',
      probed('healthy'),
      DRAIN,
      ejected(),
      {
        serves: false,
        status: 'draining',
        reason: 'drained by ann@desk; ejected: connection refused',
        since: 300,
      },
    ],
    [
      'serves when another endpoint is drained',
      probed('healthy'),
      { drained: { 'gpu-b': { by: 'ann', at: 300 } } },
      newBreaker(),
      { serves: true, status: 'healthy', reason: '', since: 100 },
    ],
  ];
  for (const [title, seen, control, breaker, expected] of rows) {
    test(title, () => assert.deepEqual(endpointStatus(SETTINGS, seen, control, breaker), expected));
  }

  test('does not take an inherited property for a drain', () => {
    assert.equal(
      endpointStatus({ name: 'toString' }, probed('healthy'), NO_DRAIN, newBreaker()).serves,
      true,
    );
  });

  test('serves exactly when checks, operators and traffic all allow it, and otherwise gives a reason', () => {
    const states = fc.constantFrom<EndpointState>(
      ...(['healthy', 'busy', 'warming', 'unhealthy'] as const),
      ...(['offline', 'unknown', 'config_error', 'rate_limited'] as const),
    );
    fc.assert(
      fc.property(fc.option(states), fc.boolean(), fc.boolean(), (state, isDrained, isEjected) => {
        const { serves, status, reason } = endpointStatus(
          SETTINGS,
          state === null ? null : probed(state, state === 'healthy' ? '' : 'why'),
          isDrained ? DRAIN : NO_DRAIN,
          isEjected ? ejected() : newBreaker(),
        );
        assert.equal(serves, state !== null && isServingState(state) && !isDrained && !isEjected);
        assert.equal(serves, status !== 'draining' && status !== 'ejected' && isServingState(status));
        if (!serves) assert.notEqual(reason, '');
      }),
    );
  });
});
