import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  applyCheck,
  applyEjection,
  EJECTION_MS,
  grantProbe,
  isOpen,
  isProbeDue,
  MAX_EJECTION_MS,
  MIN_FAILURES,
  newBreaker,
  recordConnectionFailure,
  recordStatus,
  takeProbe,
  WINDOW_MS,
  type Breaker,
} from './breaker.ts';

const NOW = 1_000_000;

function answer(breaker: Breaker, statuses: readonly number[], now = NOW): boolean {
  return statuses.map((status) => recordStatus(breaker, status, now, now)).includes(true);
}

test('a connection failure ejects at once, and is news once', () => {
  const breaker = newBreaker();
  assert.equal(recordConnectionFailure(breaker, NOW), true);
  assert.equal(isOpen(breaker), true);
  assert.equal(recordConnectionFailure(breaker, NOW + 1), false);
  assert.equal(breaker.strikes, 1);
});

test('a storm of 5xx ejects, whichever 5xx it is', () => {
  for (const status of [500, 502, 503, 504]) {
    const breaker = newBreaker();
    assert.equal(answer(breaker, new Array<number>(MIN_FAILURES - 1).fill(status)), false, String(status));
    assert.equal(answer(breaker, [status]), true, String(status));
  }
});

test('500 among good answers ejects nobody, 503 does from half of them on', () => {
  assert.equal(answer(newBreaker(), [200, ...new Array<number>(50).fill(500)]), false);
  assert.equal(
    answer(newBreaker(), [...new Array<number>(6).fill(200), ...new Array<number>(5).fill(503)]),
    false,
  );
  assert.equal(
    answer(newBreaker(), [...new Array<number>(5).fill(200), ...new Array<number>(5).fill(503)]),
    true,
  );
});

test('4xx counts for nothing, neither for nor against', () => {
  assert.equal(answer(newBreaker(), new Array<number>(100).fill(400)), false);
  assert.equal(
    answer(newBreaker(), [...new Array<number>(100).fill(404), ...new Array<number>(5).fill(502)]),
    true,
  );
});

test('failures outside the window are forgotten', () => {
  const breaker = newBreaker();
  for (let i = 0; i < 50; i += 1) {
    assert.equal(answer(breaker, [503], NOW + (i * WINDOW_MS) / (MIN_FAILURES - 1)), false);
  }
});

test('a check from after the ejection re-admits; one from before, or one that fails, does not', () => {
  const breaker = newBreaker();
  applyCheck(breaker, NOW - 500, true, NOW - 500);
  recordConnectionFailure(breaker, NOW);
  applyCheck(breaker, NOW - 500, true, NOW + 1);
  applyCheck(breaker, NOW + 500, false, NOW + 501);
  assert.equal(isOpen(breaker), true);
  applyCheck(breaker, NOW + 1_000, true, NOW + 1_001);
  assert.equal(isOpen(breaker), false);
});

test('an agent whose clock is behind re-admits with its second new check', () => {
  const breaker = newBreaker();
  applyCheck(breaker, 5_000, true, NOW);
  recordConnectionFailure(breaker, NOW);
  applyCheck(breaker, 6_000, true, NOW + 1);
  assert.equal(isOpen(breaker), true);
  applyCheck(breaker, 7_000, true, NOW + 2);
  assert.equal(isOpen(breaker), false);
});

test('where answers failed, no health check re-admits before the time is over', () => {
  const breaker = newBreaker();
  answer(breaker, new Array<number>(MIN_FAILURES).fill(503));
  applyCheck(breaker, NOW + 1_000, true, NOW + 1_000);
  assert.equal(isOpen(breaker), true);
  applyCheck(breaker, NOW + EJECTION_MS, true, NOW + EJECTION_MS);
  assert.equal(isOpen(breaker), false);
});

test('ejections in a row last longer, up to a bound; a good answer resets them', () => {
  const breaker = newBreaker();
  let now = NOW;
  const lengths: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    recordConnectionFailure(breaker, now);
    lengths.push(breaker.ejectedUntil - now);
    now = breaker.ejectedUntil + 1;
    applyCheck(breaker, now, true, now);
  }
  assert.deepEqual(lengths.slice(0, 4), [EJECTION_MS, EJECTION_MS * 2, EJECTION_MS * 4, EJECTION_MS * 8]);
  assert.equal(Math.max(...lengths), MAX_EJECTION_MS);
  recordStatus(breaker, 200, now + 2, now + 2);
  recordConnectionFailure(breaker, now + 3);
  assert.equal(breaker.ejectedUntil - now - 3, EJECTION_MS);
});

test('one probe at a time: due after the time, granted, taken, settled', () => {
  const breaker = newBreaker();
  recordConnectionFailure(breaker, NOW);
  assert.equal(isProbeDue(breaker, NOW + 1), false);
  const due = NOW + EJECTION_MS;
  assert.equal(isProbeDue(breaker, due), true);
  grantProbe(breaker, due + 10_000);
  assert.deepEqual([isOpen(breaker), isProbeDue(breaker, due)], [false, false]);
  takeProbe(breaker);
  assert.equal(isOpen(breaker), true);
  recordStatus(breaker, 200, due, due + 5);
  assert.equal(isOpen(breaker), false);
});

test('a probe that hangs leaves room for the next one; one that fails ejects for longer', () => {
  const breaker = newBreaker();
  recordConnectionFailure(breaker, NOW);
  const due = NOW + EJECTION_MS;
  grantProbe(breaker, due + 10_000);
  takeProbe(breaker);
  assert.equal(isProbeDue(breaker, due + 10_000), true);
  recordStatus(breaker, 500, due, due + 10_001);
  assert.equal(breaker.ejectedUntil, due + 10_001 + EJECTION_MS * 2);
});

test('the answer to a request from before the ejection re-admits nothing', () => {
  const breaker = newBreaker();
  recordConnectionFailure(breaker, NOW);
  recordStatus(breaker, 200, NOW - 100, NOW + 100);
  assert.equal(isOpen(breaker), true);
});

test('a late failure of a request from before the re-admission changes nothing', () => {
  const breaker = newBreaker();
  recordConnectionFailure(breaker, NOW);
  applyCheck(breaker, NOW + 1_000, true, NOW + 1_001);
  assert.equal(recordConnectionFailure(breaker, NOW + 2_000, NOW - 1), false);
  for (let i = 0; i < 10; i += 1) recordStatus(breaker, 503, NOW - 1, NOW + 2_000);
  assert.equal(isOpen(breaker), false);
});

test('what another process reports ejects, and a repetition changes nothing', () => {
  const breaker = newBreaker();
  applyEjection(breaker, 'connection', NOW);
  const until = breaker.ejectedUntil;
  applyEjection(breaker, 'connection', NOW + 100);
  assert.deepEqual([isOpen(breaker), breaker.ejectedUntil], [true, until]);
});

test('any history: no ejection without failures, none beyond the bound, good answers always heal', () => {
  const step = fc.record({ status: fc.constantFrom(0, 200, 400, 500, 503), wait: fc.nat(30_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const breaker = newBreaker();
      let now = NOW;
      let failures = 0;
      for (const { status, wait } of steps) {
        now += wait;
        if (status === 0) recordConnectionFailure(breaker, now);
        else recordStatus(breaker, status, now, now);
        failures += status === 0 || status >= 500 ? 1 : 0;
        if (failures === 0) assert.equal(isOpen(breaker), false);
        assert.ok(breaker.ejectedUntil - now <= MAX_EJECTION_MS);
        if (status === 200) assert.equal(isOpen(breaker), false);
      }
    }),
    { numRuns: 400 },
  );
});
