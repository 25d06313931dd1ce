import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  applyCheck,
  applyEjection,
  applyReadmission,
  EJECTION_MS,
  grantProbe,
  isProbeDue,
  MAX_EJECTION_MS,
  MIN_FAILURES,
  newBreaker,
  recordConnectionFailure,
  recordStatus,
  takeProbe,
  WINDOW_MS,
  type Breaker,
  type BreakerChange,
} from './breaker.ts';

const NOW = 1_000_000;

/** @returns the last change that they made */
function answerAll(breaker: Breaker, statuses: readonly number[], now = NOW): BreakerChange | null {
  return (
    statuses.map((status) => recordStatus(breaker, status, now, now)).findLast((change) => change) ?? null
  );
}

function refuse(breaker: Breaker, now = NOW, startedAt = now): BreakerChange | null {
  return recordConnectionFailure(breaker, { reason: 'connection refused', startedAt }, now);
}

function times(count: number, status: number): number[] {
  return new Array<number>(count).fill(status);
}

describe('ejection', () => {
  test('ejects at once on a connection failure, with its reason, and reports it once', () => {
    const breaker = newBreaker();
    assert.equal(refuse(breaker), 'ejected');
    assert.deepEqual(
      [breaker.state, breaker.reason, breaker.ejectedAt],
      ['ejected', 'connection refused', NOW],
    );
    assert.equal(refuse(breaker, NOW + 1), null);
    assert.equal(breaker.strikes, 1);
  });

  test('ejects after enough 5xx without a good response, whichever 5xx they are', () => {
    for (const status of [500, 502, 503, 504]) {
      const breaker = newBreaker();
      assert.equal(answerAll(breaker, times(MIN_FAILURES - 1, status)), null, String(status));
      assert.equal(answerAll(breaker, [status]), 'ejected', String(status));
      assert.equal(breaker.reason, `5 of the last 5 requests failed (${status})`);
    }
  });

  test('does not eject on 500 beside good responses, but does on 503 once it is half of them', () => {
    assert.equal(answerAll(newBreaker(), [200, ...times(50, 500)]), null);
    assert.equal(answerAll(newBreaker(), [...times(6, 200), ...times(5, 503)]), null);
    const breaker = newBreaker();
    assert.equal(answerAll(breaker, [...times(5, 200), ...times(5, 503)]), 'ejected');
    assert.equal(breaker.reason, '5 of the last 10 requests failed (503)');
  });

  test('counts a 4xx neither for nor against the endpoint', () => {
    assert.equal(answerAll(newBreaker(), times(100, 400)), null);
    assert.equal(answerAll(newBreaker(), [...times(100, 404), ...times(5, 502)]), 'ejected');
  });

  test('forgets failures that are older than the window', () => {
    const breaker = newBreaker();
    for (let i = 0; i < 50; i += 1) {
      assert.equal(answerAll(breaker, [503], NOW + (i * WINDOW_MS) / (MIN_FAILURES - 1)), null);
    }
  });

  test('lasts longer with each one in a row, up to a bound, until a good response', () => {
    const breaker = newBreaker();
    let now = NOW;
    const lengths: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      refuse(breaker, now);
      lengths.push(breaker.ejectedUntil - now);
      now = breaker.ejectedUntil + 1;
      applyCheck(breaker, { checkedAt: now, passed: true }, now);
    }
    assert.deepEqual(lengths.slice(0, 4), [EJECTION_MS, EJECTION_MS * 2, EJECTION_MS * 4, EJECTION_MS * 8]);
    assert.equal(Math.max(...lengths), MAX_EJECTION_MS);
    recordStatus(breaker, 200, now + 2, now + 2);
    refuse(breaker, now + 3);
    assert.equal(breaker.ejectedUntil - now - 3, EJECTION_MS);
  });
});

describe('re-admission by a health check', () => {
  test('re-admits on a check that passed after the ejection, not on an older one or one that failed', () => {
    const breaker = newBreaker();
    applyCheck(breaker, { checkedAt: NOW - 500, passed: true }, NOW - 500);
    refuse(breaker);
    assert.equal(applyCheck(breaker, { checkedAt: NOW - 500, passed: true }, NOW + 1), null);
    assert.equal(applyCheck(breaker, { checkedAt: NOW + 500, passed: false }, NOW + 501), null);
    assert.equal(breaker.state, 'ejected');
    assert.equal(applyCheck(breaker, { checkedAt: NOW + 1_000, passed: true }, NOW + 1_001), 'readmitted');
    assert.equal(breaker.state, 'closed');
  });

  test('re-admits on the second new check of an agent whose clock is behind', () => {
    const breaker = newBreaker();
    applyCheck(breaker, { checkedAt: 5_000, passed: true }, NOW);
    refuse(breaker);
    assert.equal(applyCheck(breaker, { checkedAt: 6_000, passed: true }, NOW + 1), null);
    assert.equal(applyCheck(breaker, { checkedAt: 7_000, passed: true }, NOW + 2), 'readmitted');
  });

  test('does not re-admit where responses failed before the time of the ejection is over', () => {
    const breaker = newBreaker();
    answerAll(breaker, times(MIN_FAILURES, 503));
    assert.equal(applyCheck(breaker, { checkedAt: NOW + 1_000, passed: true }, NOW + 1_000), null);
    const due = NOW + EJECTION_MS;
    assert.equal(applyCheck(breaker, { checkedAt: due, passed: true }, due), 'readmitted');
  });
});

describe('re-admission by a probe', () => {
  test('lets one request at a time through once the time is over, and re-admits when it is answered', () => {
    const breaker = newBreaker();
    refuse(breaker);
    assert.equal(isProbeDue(breaker, NOW + 1), false);
    const due = NOW + EJECTION_MS;
    assert.equal(isProbeDue(breaker, due), true);
    grantProbe(breaker, due + 10_000);
    assert.deepEqual([breaker.probeGranted, isProbeDue(breaker, due)], [true, false]);
    takeProbe(breaker);
    assert.equal(breaker.probeGranted, false);
    assert.equal(recordStatus(breaker, 200, due, due + 5), 'readmitted');
    assert.equal(breaker.state, 'closed');
  });

  test('re-admits when the probe is answered with 4xx', () => {
    const breaker = newBreaker();
    refuse(breaker);
    grantProbe(breaker, NOW + EJECTION_MS + 10_000);
    assert.equal(recordStatus(breaker, 404, NOW + EJECTION_MS, NOW + EJECTION_MS), 'readmitted');
  });

  test('leaves room for the next probe when one hangs, and ejects for longer when one fails', () => {
    const breaker = newBreaker();
    refuse(breaker);
    const due = NOW + EJECTION_MS;
    grantProbe(breaker, due + 10_000);
    takeProbe(breaker);
    assert.equal(isProbeDue(breaker, due + 10_000), true);
    assert.equal(recordStatus(breaker, 500, due, due + 10_001), null);
    assert.equal(breaker.ejectedUntil, due + 10_001 + EJECTION_MS * 2);
    assert.deepEqual([breaker.reason, breaker.ejectedAt], ['connection refused', NOW]);
  });
});

describe('requests from before a change', () => {
  test('does not re-admit when a request from before the ejection is answered', () => {
    const breaker = newBreaker();
    refuse(breaker);
    assert.equal(recordStatus(breaker, 200, NOW - 100, NOW + 100), null);
    assert.equal(breaker.state, 'ejected');
  });

  test('does not eject when a request from before the re-admission fails', () => {
    const breaker = newBreaker();
    refuse(breaker);
    applyCheck(breaker, { checkedAt: NOW + 1_000, passed: true }, NOW + 1_001);
    assert.equal(refuse(breaker, NOW + 2_000, NOW - 1), null);
    for (let i = 0; i < 10; i += 1) recordStatus(breaker, 503, NOW - 1, NOW + 2_000);
    assert.equal(breaker.state, 'closed');
  });
});

describe('reports of other processes', () => {
  const ejection = { cause: 'connection', reason: 'connection reset', at: NOW - 40 } as const;
  const over = { ejectedAt: ejection.at, reason: 'a probe', at: NOW + 3 };

  test('ejects when another process did, once', () => {
    const breaker = newBreaker();
    applyEjection(breaker, ejection, NOW);
    const until = breaker.ejectedUntil;
    applyEjection(breaker, ejection, NOW + 100);
    assert.deepEqual(
      [breaker.state, breaker.reason, breaker.ejectedAt],
      ['ejected', 'connection reset', NOW - 40],
    );
    assert.equal(breaker.ejectedUntil, until);
  });

  test("takes over the cluster's reason and time after ejecting by itself", () => {
    const breaker = newBreaker();
    refuse(breaker);
    applyEjection(breaker, ejection, NOW + 3);
    assert.deepEqual([breaker.reason, breaker.ejectedAt, breaker.strikes], ['connection reset', NOW - 40, 1]);
  });

  test('re-admits when another process did, but not from an ejection that began since', () => {
    const breaker = newBreaker();
    applyEjection(breaker, ejection, NOW);
    applyReadmission(breaker, { ...over, ejectedAt: NOW - 900 }, NOW + 1);
    assert.equal(breaker.state, 'ejected');
    applyReadmission(breaker, over, NOW + 1);
    assert.deepEqual(
      [breaker.state, breaker.readmission, breaker.readmittedAt, breaker.closedAt],
      ['closed', 'a probe', over.at, NOW + 1],
    );
  });

  test("takes over the cluster's re-admission after making one by itself", () => {
    const breaker = newBreaker();
    applyEjection(breaker, ejection, NOW);
    applyCheck(breaker, { checkedAt: NOW + 5, passed: true }, NOW + 6);
    assert.equal(breaker.readmission, 'a health check passed');
    applyReadmission(breaker, over, NOW + 7);
    assert.deepEqual([breaker.readmission, breaker.readmittedAt], ['a probe', over.at]);
  });

  test('takes over a re-admission from before it started, and none that is older than its own', () => {
    const breaker = newBreaker();
    applyReadmission(breaker, over, NOW);
    assert.deepEqual([breaker.readmission, breaker.readmittedAt], ['a probe', over.at]);
    applyReadmission(breaker, { ejectedAt: 1, reason: 'older', at: 2 }, NOW);
    assert.equal(breaker.readmission, 'a probe');
  });

  test('raises its revision with every change that a status shows', () => {
    const breaker = newBreaker();
    const revisions = [breaker.revision];
    for (const change of [
      () => refuse(breaker),
      () => applyEjection(breaker, ejection, NOW),
      () => applyReadmission(breaker, over, NOW),
      () => applyEjection(breaker, ejection, NOW),
      () => recordStatus(breaker, 200, NOW, NOW),
    ]) {
      change();
      revisions.push(breaker.revision);
    }
    assert.equal(new Set(revisions).size, revisions.length);
  });
});

test('never ejects without failures or beyond the bound, and always heals by a good response', () => {
  const step = fc.record({ status: fc.constantFrom(0, 200, 400, 500, 503), wait: fc.nat(30_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const breaker = newBreaker();
      let now = NOW;
      let failures = 0;
      for (const { status, wait } of steps) {
        now += wait;
        if (status === 0) refuse(breaker, now);
        else recordStatus(breaker, status, now, now);
        failures += status === 0 || status >= 500 ? 1 : 0;
        if (failures === 0 || status === 200) assert.equal(breaker.state, 'closed');
        assert.ok(breaker.ejectedUntil - now <= MAX_EJECTION_MS);
      }
    }),
    { numRuns: 400 },
  );
});
