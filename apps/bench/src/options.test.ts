import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadBenchOption, readBenchOptions } from './options.ts';
import { WORKLOADS } from './workloads.ts';

test('selects all workloads, five rounds and windows of 3 s without flags', () => {
  const options = readBenchOptions({});
  assert.equal(options.rounds, 5);
  assert.equal(options.scale.windowMs, 3000);
  assert.equal(options.workloads.length, WORKLOADS.length);
  assert.equal(options.redis, 'off');
});

test('plans a run of less than 5 s with --quick', () => {
  const { rounds, scale, workloads } = readBenchOptions({ quick: true });
  assert.ok(rounds * (scale.windowMs + scale.warmUpMs) * workloads.length < 5000);
});

test('prefers flags to the values of --quick', () => {
  const options = readBenchOptions({ quick: true, rounds: '2', duration: '0.5s', only: 'sse-50, churn' });
  assert.equal(options.rounds, 2);
  assert.equal(options.scale.windowMs, 500);
  assert.deepEqual(
    options.workloads.map((workload) => workload.id),
    ['sse-50', 'churn'],
  );
});

test('assigns templates and paths to other gateways in order', () => {
  const { others } = readBenchOptions({
    compare: ['one=run -p {port}', 'two=go {config} --x=y'],
    compareConfig: ['one.conf', 'two.conf'],
    comparePath: ['/chat'],
  });
  assert.deepEqual(others, [
    { name: 'one', command: 'run -p {port}', configTemplate: 'one.conf', path: '/chat' },
    { name: 'two', command: 'go {config} --x=y', configTemplate: 'two.conf', path: '/v1/chat/completions' },
  ]);
});

test('rejects a value that is not valid, and names the flag and the possible values', () => {
  const rejected = [
    [{ rounds: 'many' }, /--rounds: "many" is not a number from 1 to 50/],
    [{ duration: '600' }, /--duration: "600" is not a number from 0.05 to 60/],
    [{ only: 'json-33' }, /unknown workload "json-33"\. The workloads are json-32, /],
    [{ compare: ['no-command'] }, /"no-command" is not NAME='command'/],
    [{ compareConfig: ['x'] }, /--compare-config: there is no --compare/],
    [{ redis: 'http://x' }, /not a redis:\/\/ or rediss:\/\/ URL/],
    [{ output: 'xml' }, /"xml" is neither text nor json/],
  ] as const;
  for (const [flags, message] of rejected) {
    assert.throws(
      () => readBenchOptions(flags),
      (error: unknown) => error instanceof BadBenchOption && message.test(error.message),
    );
  }
});
