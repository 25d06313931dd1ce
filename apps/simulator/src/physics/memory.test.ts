import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLoad, type Resident } from './memory.ts';

const resident = (model: string, memoryGb: number, rest: Partial<Resident> = {}): Resident => ({
  model,
  memoryGb,
  state: 'ready',
  users: 0,
  lastUsedAt: 0,
  expiresAt: Infinity,
  ...rest,
});
const limits = { capacityGb: 24, maxModels: 3 };

test('a model in memory needs no load', () => {
  const held = resident('a', 7);
  assert.deepEqual(planLoad([held], { model: 'a', memoryGb: 7 }, limits), {
    kind: 'resident',
    resident: held,
  });
});

test('evicts the least recently used idle models, no more than needed', () => {
  const old = resident('old', 7, { lastUsedAt: 1 });
  const young = resident('young', 7, { lastUsedAt: 2 });
  const plan = planLoad([young, old], { model: 'new', memoryGb: 16.5 }, limits);
  assert.deepEqual(plan, { kind: 'load', evict: [old] });
});

test('waits when busy models leave too little room, or another load runs', () => {
  const busy = resident('busy', 16.5, { users: 1 });
  const idle = resident('idle', 4);
  assert.deepEqual(planLoad([busy, idle], { model: 'new', memoryGb: 11 }, limits), { kind: 'wait' });
  const loading = resident('loading', 4, { state: 'loading' });
  assert.deepEqual(planLoad([loading], { model: 'new', memoryGb: 4 }, limits), { kind: 'wait' });
});

test('a model larger than all memory loads alone', () => {
  const idle = resident('idle', 4);
  assert.deepEqual(planLoad([idle], { model: 'huge', memoryGb: 48 }, limits), {
    kind: 'load',
    evict: [idle],
  });
});

test('the number of models in memory is limited too', () => {
  const three = ['a', 'b', 'c'].map((model, at) => resident(model, 1, { lastUsedAt: at }));
  assert.deepEqual(planLoad(three, { model: 'd', memoryGb: 1 }, limits), { kind: 'load', evict: [three[0]] });
});
