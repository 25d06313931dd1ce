import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseForManagement, type ManagementCall } from './choose-for-management.ts';
import { eject, fleet, type Spec } from '../../testing/fleet-fixture.ts';
import type { RouteScope } from './fleet-view.ts';

const OLLAMA: RouteScope = { label: '/olla/ollama', types: new Set(['ollama']) };
const specs: Spec[] = [
  { name: 'a', priority: 50, models: { m: 'm:latest' } },
  { name: 'b', priority: 100, models: { base: 'base' } },
  { name: 'c', priority: 100 },
  { name: 'v', type: 'vllm', models: { w: 'w' } },
];
const used: Record<string, number> = { a: 1, b: 30, c: 20 };

function choose(asked: Partial<ManagementCall>, view = fleet(specs)): string {
  const { endpoint, model, rewrite } = chooseForManagement(view, {
    scope: OLLAMA,
    target: null,
    models: [],
    makes: false,
    usedBytes: ({ name }) => used[name] ?? 0,
    ...asked,
  });
  return `${endpoint.name} ${model ?? '-'} ${String(rewrite)}`;
}

test('chooses an endpoint that has the model, by any of its names', () => {
  assert.equal(choose({ models: ['m'] }), 'a m:latest true');
  assert.equal(choose({ models: ['m:latest'], makes: true }), 'a m:latest false');
  assert.equal(choose({ models: ['new', 'base'], makes: true }), 'b - false');
});

test('makes a new model at the endpoint of the highest priority with the fewest bytes of models', () => {
  assert.equal(choose({ models: ['new'], makes: true }), 'c - false');
  const failing = fleet(specs);
  eject(failing, 'c', 1_000);
  assert.equal(choose({ models: ['new'], makes: true }, failing), 'b - false');
});

test('chooses the endpoint that the client names, whoever has the model', () => {
  assert.equal(choose({ target: 'c', models: ['m'] }), 'c - false');
  assert.equal(choose({ target: 'a', models: ['m'] }), 'a m:latest true');
});

test('refuses with a code and a message that name what is wrong', () => {
  assert.throws(() => choose({ target: 'nope' }), { code: 'ENDPOINT_NOT_FOUND', message: /a, b, c$/ });
  assert.throws(() => choose({ target: 'v' }), { code: 'ENDPOINT_NOT_FOUND' });
  assert.throws(() => choose({}), { code: 'BAD_REQUEST' });
  assert.throws(() => choose({ models: ['nobody'] }), { code: 'MODEL_NOT_FOUND' });
  assert.throws(() => choose({ models: ['w'] }), { code: 'MODEL_UNAVAILABLE' });
  const away = fleet(specs.map((spec) => ({ ...spec, state: 'offline' as const })));
  assert.throws(() => choose({ models: ['m'] }, away), { code: 'MODEL_UNAVAILABLE' });
  assert.throws(() => choose({ models: ['new'], makes: true }, away), { code: 'NO_ENDPOINT' });
  assert.throws(() => choose({ target: 'a' }, away), { code: 'NO_ENDPOINT', message: /a is offline/ });
});
