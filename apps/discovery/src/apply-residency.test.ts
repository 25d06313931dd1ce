import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newModel } from '@olla/backends/reading/model';
import { applyResidency } from './apply-residency.ts';

const inMemory = (until: number | null) => ({
  until,
  loadedAs: { memoryBytes: 5, vramBytes: 4, contextLength: 4_096 },
});

describe('applyResidency', () => {
  test('marks the models in the reading as resident and all others as not resident', () => {
    const models = [newModel('a'), newModel('b')];
    const next = applyResidency(models, { resident: new Map([['a', inMemory(1_000_000)]]) });
    assert.deepEqual(
      next.map(({ name, resident, residentUntil }) => [name, resident, residentUntil]),
      [
        ['a', true, 1_000_000],
        ['b', false, null],
      ],
    );
  });

  test('returns the same list while residentUntil moves by less than a minute', () => {
    const models = applyResidency([newModel('a')], { resident: new Map([['a', inMemory(1_000_000)]]) });
    assert.equal(applyResidency(models, { resident: new Map([['a', inMemory(1_030_000)]]) }), models);
    assert.notEqual(applyResidency(models, { resident: new Map([['a', inMemory(1_070_000)]]) }), models);
    assert.notEqual(applyResidency(models, { resident: new Map() }), models);
  });

  test('returns the same list when the reading has no residency', () => {
    const models = [newModel('a')];
    assert.equal(applyResidency(models, { running: 1 }), models);
  });
});
