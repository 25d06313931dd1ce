import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCoreBusyUs } from './core-load.ts';
import { parseCpuList, planCores } from './cores.ts';
import { parseKiB } from './memory.ts';

test('counts all time of a core as busy that is neither idle nor I/O wait', () => {
  const text = 'cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 5 1 3 900 70 2 4 6 0 0\ncpu10 1 0 0 0 0 0 0 0 0 0\n';
  assert.equal(parseCoreBusyUs(text, 0), 21 * 10_000);
  assert.equal(parseCoreBusyUs(text, 10), 10_000);
  assert.equal(parseCoreBusyUs(text, 1), undefined);
});

test('reads ranges in CPU lists', () => {
  assert.deepEqual(parseCpuList('0-2,5\n'), [0, 1, 2, 5]);
  assert.deepEqual(parseCpuList('3'), [3]);
  assert.deepEqual(parseCpuList(''), []);
});

test('gives the target a core of its own when there are two', () => {
  assert.deepEqual(planCores([4]), { target: 4, generator: 4, backend: 4 });
  assert.deepEqual(planCores([0, 1]), { target: 0, generator: 1, backend: 1 });
  assert.deepEqual(planCores([2, 3, 6, 7]), { target: 2, generator: 3, backend: 6 });
});

test('finds a size only by its whole name', () => {
  const text = 'Rss:                1776 kB\nPss:                 316 kB\nPss_Dirty:           116 kB\n';
  assert.equal(parseKiB(text, 'Pss'), 316);
  assert.equal(parseKiB(text, 'VmRSS'), undefined);
});
