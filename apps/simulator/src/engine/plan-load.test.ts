import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLoad, type ResidentModel } from './plan-load.ts';

const resident = (model: string, memoryGb: number, rest: Partial<ResidentModel> = {}): ResidentModel => ({
  model,
  memoryGb,
  state: 'ready',
  users: 0,
  lastUsedAt: 0,
  expiresAt: Infinity,
  ...rest,
});
const limits = { capacityGb: 24, maxModels: 3 };

test('plans no load for a model that is in memory', () => {
  const held = resident('a', 7);
  assert.deepEqual(planLoad([held], { model: 'a', memoryGb: 7 }, limits), {
    kind: 'resident',
    resident: held,
  });
});

test('evicts the least recently used idle models, and no more than needed', () => {
  const old = resident('old', 7, { lastUsedAt: 1 });
  const young = resident('young', 7, { lastUsedAt: 2 });
  const plan = planLoad([young, old], { model: 'new', memoryGb: 16.5 }, limits);
  assert.deepEqual(plan, { kind: 'load', evict: [old] });
});

test('waits when busy models leave too little memory, or when another load runs', () => {
  const busy = resident('busy', 16.5, { users: 1 });
  const idle = resident('idle', 4);
  assert.deepEqual(planLoad([busy, idle], { model: 'new', memoryGb: 11 }, limits), { kind: 'wait' });
  const loading = resident('loading', 4, { state: 'loading' });
  assert.deepEqual(planLoad([loading], { model: 'new', memoryGb: 4 }, limits), { kind: 'wait' });
});

test('evicts every idle model for a model that is larger than the memory', () => {
  const idle = resident('idle', 4);
  assert.deepEqual(planLoad([idle], { model: 'huge', memoryGb: 48 }, limits), {
    kind: 'load',
    evict: [idle],
  });
});

test('evicts a model when the limit on resident models is reached', () => {
  const three = ['a', 'b', 'c'].map((model, at) => resident(model, 1, { lastUsedAt: at }));
  assert.deepEqual(planLoad(three, { model: 'd', memoryGb: 1 }, limits), { kind: 'load', evict: [three[0]] });
});
