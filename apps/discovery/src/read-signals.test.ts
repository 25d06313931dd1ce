import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newModel } from '@olla/backends/reading/model';
import { applyResidency, loadOf } from './read-signals.ts';

const held = (until: number | null) => ({
  until,
  loadedAs: { memoryBytes: 5, vramBytes: 4, contextLength: 4_096 },
});

test('models that are in memory are told from those that are not', () => {
  const models = [newModel('a'), newModel('b')];
  const next = applyResidency(models, { resident: new Map([['a', held(1_000_000)]]) });
  assert.deepEqual(
    next.map(({ name, resident, residentUntil }) => [name, resident, residentUntil]),
    [
      ['a', true, 1_000_000],
      ['b', false, null],
    ],
  );
});

test('nothing new leaves the same list, though the end of its stay moves a little with each request', () => {
  const models = applyResidency([newModel('a')], { resident: new Map([['a', held(1_000_000)]]) });
  assert.equal(applyResidency(models, { resident: new Map([['a', held(1_030_000)]]) }), models);
  assert.notEqual(applyResidency(models, { resident: new Map([['a', held(1_070_000)]]) }), models);
  assert.notEqual(applyResidency(models, { resident: new Map() }), models);
  assert.equal(applyResidency(models, { running: 1 }), models);
});

test('a load is what is told, and null where nothing is', () => {
  assert.deepEqual(loadOf({ running: 2 }, 7), {
    slots: null,
    running: 2,
    queued: null,
    kvUsage: null,
    at: 7,
  });
  assert.equal(loadOf({ serverVersion: '1' }, 7), null);
});
