import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseFileHome } from './choose-file-home.ts';
import { chooseForManagement, type ManagementCall } from './choose-for-management.ts';
import { eject, fleet, type Spec } from '../../testing/fleet-fixture.ts';
import type { RouteScope } from './fleet-view.ts';

const OLLAMA: RouteScope = { label: '/olla/ollama', types: new Set(['ollama']) };
const specs: Spec[] = [
  { name: 'a', priority: 50, models: { m: 'm:latest', same: 'named/otherwise:q4' } },
  { name: 'b', priority: 100, models: { base: 'base' } },
  { name: 'c', priority: 100 },
  { name: 'v', type: 'vllm', models: { w: 'w', same: 'same' } },
];
const used: Record<string, number> = { a: 1, b: 30, c: 20 };
const ALIASES = { short: ['m'] };

function choose(asked: Partial<ManagementCall>, view = fleet(specs, ALIASES)): string {
  const { endpoint, model, rewrite } = chooseForManagement(view, {
    scope: OLLAMA,
    target: null,
    model: null,
    base: null,
    makes: false,
    filesAt: null,
    takes: () => true,
    usedBytes: ({ name }) => used[name] ?? 0,
    ...asked,
  });
  return `${endpoint.name} ${model ?? '-'} ${String(rewrite)}`;
}

describe('chooseForManagement', () => {
  test('chooses an endpoint that has the model, by any spelling of its name', () => {
    for (const model of ['m', 'M', 'library/m', 'registry.ollama.ai/library/M:latest'])
      assert.equal(choose({ model }), 'a m:latest true', model);
    assert.equal(choose({ model: 'm:latest', makes: true }), 'a m:latest false');
  });

  test('finds no model by an alias, or by the name that it has at another server', () => {
    for (const model of ['short', 'same', 'm:other'])
      assert.throws(() => choose({ model }), { code: 'MODEL_NOT_FOUND' }, model);
    assert.equal(choose({ model: 'named/otherwise:q4' }), 'a named/otherwise:q4 false');
  });

  test('makes a model where its base is, even if another endpoint has the name', () => {
    assert.equal(choose({ model: 'new', base: 'base', makes: true }), 'b - false');
    assert.equal(choose({ model: 'm', base: 'base', makes: true }), 'b - false');
    assert.equal(choose({ model: 'm', base: 'from-a-library', makes: true }), 'a m:latest true');
    const both = fleet([...specs, { name: 'd', priority: 1, models: { base: 'base:latest', m: 'M' } }]);
    assert.equal(choose({ model: 'm', base: 'base', makes: true }, both), 'd M true');
  });

  test('makes a model where its files are, before where its base or its name is', () => {
    const filesAt = new Set(['c', 'elsewhere']);
    assert.equal(choose({ model: 'm', base: 'base', makes: true, filesAt }), 'c - false');
    assert.equal(choose({ model: 'm', makes: true, filesAt: new Set(['a', 'b', 'c']) }), 'a m:latest true');
  });

  test('names the endpoint with the files if it takes no calls', () => {
    const drained = fleet(specs.map((spec) => ({ ...spec, drained: spec.name === 'c' })));
    assert.throws(() => choose({ model: 'new', makes: true, filesAt: new Set(['c']) }, drained), {
      code: 'MODEL_UNAVAILABLE',
      message: /c, which is draining/,
    });
  });

  test('makes a new model at the endpoint of the highest priority with the fewest bytes of models', () => {
    assert.equal(choose({ model: 'new', makes: true }), 'c - false');
    const failing = fleet(specs);
    eject(failing, 'c', 1_000);
    assert.equal(choose({ model: 'new', makes: true }, failing), 'b - false');
  });

  test('makes a model elsewhere if the endpoint that has it takes no calls', () => {
    const drained = fleet(specs.map((spec) => ({ ...spec, drained: spec.name === 'a' })));
    assert.equal(choose({ model: 'm', makes: true }, drained), 'c - false');
  });

  test('chooses the endpoint that the client names, even if another one has the model', () => {
    assert.equal(choose({ target: 'c', model: 'm' }), 'c - false');
    assert.equal(choose({ target: 'a', model: 'm' }), 'a m:latest true');
  });

  test('refuses with a code and a message that name the fault', () => {
    assert.throws(() => choose({ target: 'nope' }), { code: 'ENDPOINT_NOT_FOUND', message: /a, b, c$/ });
    assert.throws(() => choose({ target: 'v' }), { code: 'ENDPOINT_NOT_FOUND' });
    assert.throws(() => choose({}), { code: 'BAD_REQUEST' });
    assert.throws(() => choose({ model: 'unknown' }), { code: 'MODEL_NOT_FOUND', message: /"unknown"/ });
    assert.throws(() => choose({ model: 'w' }), { code: 'MODEL_NOT_FOUND' });
    const unavailable = fleet(specs.map((spec) => ({ ...spec, state: 'offline' as const })));
    assert.throws(() => choose({ model: 'm' }, unavailable), {
      code: 'MODEL_UNAVAILABLE',
      message: /a is offline/,
    });
    assert.throws(() => choose({ model: 'new', base: 'base', makes: true }, unavailable), {
      code: 'MODEL_UNAVAILABLE',
      message: /"base".*b is offline/,
    });
    assert.throws(() => choose({ model: 'new', makes: true }, unavailable), { code: 'NO_ENDPOINT' });
    assert.throws(() => choose({ target: 'a' }, unavailable), {
      code: 'NO_ENDPOINT',
      message: /a is offline/,
    });
  });

  const HOMES: Spec[] = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
  const CLIENTS = Array.from({ length: 200 }, (_, n) => `192.0.2.${n}`);
  const homes = (view = fleet(HOMES), takers = ['a', 'b', 'c', 'd']): string[] =>
    CLIENTS.map(
      (client) =>
        chooseFileHome(view, OLLAMA, client, ({ endpoint }) => takers.includes(endpoint.name)).endpoint.name,
    );

  test('sends all files of one client to one endpoint, and those of many to all', () => {
    assert.deepEqual(homes(), homes(fleet([...HOMES].reverse())));
    for (const { name } of HOMES) assert.ok(homes().filter((home) => home === name).length > 20);
  });

  test('moves only the clients of an endpoint that leaves', () => {
    const before = homes();
    const after = homes(fleet(HOMES.map((spec) => ({ ...spec, drained: spec.name === 'b' }))));
    assert.ok(!after.includes('b'));
    for (const [at, home] of before.entries()) if (home !== 'b') assert.equal(after[at], home);
  });

  test('sends files to endpoints of the highest priority, to an ejected one only where no other serves', () => {
    const priorities = fleet(HOMES.map((spec) => ({ ...spec, priority: spec.name === 'c' ? 200 : 100 })));
    assert.deepEqual(new Set(homes(priorities)), new Set(['c']));
    eject(priorities, 'c', 1_000);
    assert.deepEqual(new Set(homes(priorities)), new Set(['a', 'b', 'd']));
    const unavailable = fleet(HOMES.map((spec) => ({ ...spec, state: 'offline' as const })));
    assert.throws(() => homes(unavailable), { code: 'NO_ENDPOINT' });
  });

  test('leaves out endpoints that take no management, unless there is no other', () => {
    const takes = ({ endpoint }: { endpoint: { name: string } }) => endpoint.name === 'c';
    assert.equal(choose({ model: 'new', makes: true, takes }), 'c - false');
    assert.equal(choose({ target: 'a', takes }), 'a - false');
    assert.deepEqual(new Set(homes(fleet(HOMES), ['b', 'c'])), new Set(['b', 'c']));
    assert.deepEqual(homes(fleet(HOMES), []), homes());
  });
});
