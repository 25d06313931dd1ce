import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import type { FailureKind } from '@olla/upstream/upstream';
import {
  candidatesLeft,
  nextStep,
  retryRule,
  type AttemptEvent,
  type AttemptsSoFar,
  type NextStep,
  type RetryRule,
} from './next-step.ts';

const RETRY: RetryRule = { statuses: new Set([503]), afterFailures: true, maxEndpoints: Infinity };
const FIRST_OF_MANY: AttemptsSoFar = { tried: 0, waited: 0, candidatesLeft: 9, isBodyReplayable: true };
const LAST = { candidatesLeft: 0 };
const STREAMED = { isBodyReplayable: false };
const WAITED_TWICE = { waited: 2 };

const head = (status: number): AttemptEvent => ({ kind: 'head', status });
const failed = (kind: FailureKind, reused = false): AttemptEvent => ({
  kind: 'failed',
  failure: { kind, reused },
});

const CASES: readonly [
  title: string,
  event: AttemptEvent,
  soFar: Partial<AttemptsSoFar>,
  expected: NextStep,
][] = [
  ['relays a response that is good', head(200), {}, 'relay'],
  ['relays a client error', head(404), {}, 'relay'],
  ['relays a server error that retry.statuses does not have', head(500), {}, 'relay'],
  ['tries the next candidate after a status of retry.statuses', head(503), {}, 'try_next'],
  ['relays that status from the last candidate', head(503), LAST, 'relay'],
  ['relays that status when the body cannot be sent again', head(503), STREAMED, 'relay'],
  ['relays that status after two attempts that waited', head(503), WAITED_TWICE, 'relay'],
  ['tries the next candidate after one attempt that waited', head(503), { waited: 1 }, 'try_next'],

  ['tries the next candidate when a connection is refused', failed('connect'), {}, 'try_next'],
  ['does so however many attempts waited', failed('connect'), { waited: 3 }, 'try_next'],
  ['gives up when the last connection is refused', failed('connect'), LAST, 'give_up'],
  ['gives up on a refused connection with a spent body', failed('connect'), STREAMED, 'give_up'],

  ['tries a fresh connection when a used one is reset', failed('reset', true), {}, 'try_fresh'],
  ['does so at the last candidate', failed('reset', true), LAST, 'try_fresh'],
  ['does so after two attempts that waited', failed('reset', true), WAITED_TWICE, 'try_fresh'],
  ['gives up on a used connection with a spent body', failed('reset', true), STREAMED, 'give_up'],
  ['tries the next candidate when a fresh connection is reset', failed('reset'), {}, 'try_next'],

  ['gives up when the request itself cannot be sent', failed('request'), {}, 'give_up'],
  ['gives up when the time for the whole response is over', failed('total_timeout'), {}, 'give_up'],
];

describe('after an attempt at an endpoint', () => {
  for (const [title, event, soFar, expected] of CASES)
    test(title, () => assert.equal(nextStep(event, { ...FIRST_OF_MANY, ...soFar }, RETRY), expected));

  const waiting: FailureKind[] = ['reset', 'head_timeout', 'body_timeout', 'truncated', 'protocol'];
  for (const kind of waiting) {
    test(`tries the next candidate after ${kind}, unless it is the last, the body is consumed or two attempts waited`, () => {
      const after = (soFar: Partial<AttemptsSoFar>): NextStep =>
        nextStep(failed(kind), { ...FIRST_OF_MANY, ...soFar }, RETRY);
      assert.deepEqual(
        [after({}), after({ waited: 1 }), after(LAST), after(STREAMED), after(WAITED_TWICE)],
        ['try_next', 'try_next', 'give_up', 'give_up', 'give_up'],
      );
    });
  }

  test('relays every status when retry.statuses is empty', () => {
    assert.equal(nextStep(head(503), FIRST_OF_MANY, { ...RETRY, statuses: new Set() }), 'relay');
  });
});

describe('the rule of proxy.retry and proxy.max_retries', () => {
  const rule = (proxy: object): RetryRule => retryRule(settingsSchema.parse({ proxy }).proxy);
  const steps = (event: AttemptEvent, proxy: object): NextStep[] =>
    [0, 1, 2, 3].map((tried) => nextStep(event, { ...FIRST_OF_MANY, tried }, rule(proxy)));

  test('has no bound of its own by default and with 0', () => {
    for (const proxy of [{}, { max_retries: 0, retry: { max_attempts: 0 } }])
      assert.equal(rule(proxy).maxEndpoints, Infinity);
  });

  test('bounds the endpoints after the first by max_retries, and all of them by max_attempts', () => {
    assert.deepEqual(steps(failed('connect'), { max_retries: 1 }), [
      'try_next',
      'give_up',
      'give_up',
      'give_up',
    ]);
    const attempts = { retry: { max_attempts: 3 } };
    assert.deepEqual(steps(failed('connect'), attempts), ['try_next', 'try_next', 'give_up', 'give_up']);
    assert.deepEqual(steps(head(503), attempts), ['try_next', 'try_next', 'relay', 'relay']);
    assert.equal(rule({ max_retries: 5, retry: { max_attempts: 2 } }).maxEndpoints, 2);
    assert.equal(rule({ max_retries: 1, retry: { max_attempts: 9 } }).maxEndpoints, 2);
  });

  test('sends a request to one endpoint if retry.enabled is false', () => {
    const proxy = { retry: { enabled: false, max_attempts: 4 } };
    assert.equal(steps(failed('connect'), proxy)[0], 'give_up');
    assert.equal(steps(head(503), proxy)[0], 'relay');
    // The request has not reached the endpoint, so this is not a second attempt.
    assert.equal(steps(failed('reset', true), proxy)[0], 'try_fresh');
  });

  test('tries no other endpoint after a failure if on_connection_failure is false', () => {
    const proxy = { retry: { on_connection_failure: false } };
    for (const kind of ['connect', 'reset', 'head_timeout'] as const)
      assert.equal(steps(failed(kind), proxy)[0], 'give_up', kind);
    assert.equal(steps(head(503), proxy)[0], 'try_next');
  });
});

describe('the remaining candidates', () => {
  /** By rank and by whether their endpoints serve. */
  const left = (ranks: string, index: number, isUnreachable: boolean): number => {
    const candidates = [...ranks].map((letter) => ({
      rank: 'abc'.indexOf(letter.toLowerCase()),
      endpoint: { status: { serves: letter === letter.toLowerCase() } },
    }));
    return candidatesLeft(candidates, index, isUnreachable);
  };

  test('are all others if the name has no fallback', () => {
    assert.deepEqual([left('aaa', 0, false), left('aaa', 1, true), left('aaa', 2, true)], [2, 1, 0]);
  });

  test('are those of the name itself while an endpoint of it serves, after any number of failed attempts', () => {
    assert.equal(left('aab', 0, true), 1);
    assert.equal(left('aab', 1, false), 0);
    // The first was tried and failed, but serves.
    assert.equal(left('aab', 1, true), 0);
  });

  test('are the fallbacks once no endpoint before them serves', () => {
    assert.equal(left('Aabbc', 1, true), 3);
    assert.equal(left('AABbc', 3, true), 1);
    assert.equal(left('AABbc', 3, false), 0);
    assert.equal(left('abc', 0, true), 2);
    // An ejected endpoint with a probe still does not serve.
    assert.equal(left('Abc', 0, false), 2);
  });
});
