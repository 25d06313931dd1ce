import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newModel } from '@olla/backends/reading/model';
import { profileOf } from '@olla/backends/table';
import { buildCatalog } from '@olla/core/catalog/build-catalog';
import { indexCatalog } from '@olla/core/catalog/index-catalog';
import { plainName } from '@olla/core/catalog/names/plain-name';
import type { Catalog } from '@olla/core/snapshot';
import { changedCatalog, isReflected, type NameChange } from './changed-catalog.ts';

const RULES = profileOf('ollama').names;
const ENDPOINTS = ['a', 'b', 'c'] as const;
const NAMES = [
  'llama3.1:8b',
  'llama3.1:8b-instruct-q4_K_M',
  'mine:latest',
  'Mine:v2',
  'org/mine:latest',
] as const;
const NOW = 1_700_000_000_000;

function catalogOf(fleet: ReadonlyMap<string, ReadonlySet<string>>): Catalog {
  const perEndpoint = [...fleet].map(([endpoint, names]) => ({
    endpoint,
    rules: RULES,
    models: [...names].map((name) => newModel(name, { quantization: 'Q4_K_M' })),
  }));
  return buildCatalog(perEndpoint, null, NOW);
}

function change(catalog: Catalog, endpoint: string, nameChange: NameChange): Catalog {
  return changedCatalog(catalog, { endpoint, change: nameChange, rulesOf: () => RULES, now: NOW });
}

const places = ({ models }: Catalog): string[] =>
  models
    .flatMap(({ locations }) => locations.map(({ endpoint, model }) => `${endpoint} ${model.name}`))
    .sort();

describe('changedCatalog', () => {
  test('has after any changes exactly the names that endpoints have, and each name means one model', () => {
    const place = fc.record({ endpoint: fc.constantFrom(...ENDPOINTS), name: fc.constantFrom(...NAMES) });
    const step = fc.record({
      endpoint: fc.constantFrom(...ENDPOINTS),
      name: fc.constantFrom(...NAMES),
      kind: fc.constantFrom('added' as const, 'removed' as const),
      like: fc.constantFrom(null, ...NAMES),
    });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), (start, steps) => {
        const fleet = new Map(ENDPOINTS.map((endpoint) => [endpoint, new Set<string>()]));
        for (const { endpoint, name } of start) fleet.get(endpoint)?.add(name);
        let catalog = catalogOf(fleet);
        for (const { endpoint, ...nameChange } of steps) {
          const before = catalog;
          catalog = change(catalog, endpoint, nameChange);
          assert.ok(isReflected(catalog, endpoint, nameChange));
          assert.equal(catalog === before, isReflected(before, endpoint, nameChange));
          if (nameChange.kind === 'added') fleet.get(endpoint)?.add(nameChange.name);
          else fleet.get(endpoint)?.delete(nameChange.name);
        }
        const expected = [...fleet].flatMap(([endpoint, names]) =>
          [...names].map((name) => `${endpoint} ${name}`),
        );
        assert.deepEqual(places(catalog), expected.sort());
        const index = indexCatalog(catalog);
        for (const name of NAMES) {
          const has = [...fleet].filter(([, names]) => names.has(name)).map(([endpoint]) => endpoint);
          const found = index
            .find(name)
            .flatMap(({ locations }) => locations)
            .filter(({ model }) => plainName(model.name) === plainName(name));
          assert.deepEqual([...new Set(found.map(({ endpoint }) => endpoint))].sort(), has.sort(), name);
        }
        const ids = catalog.models.map(({ id }) => id);
        assert.deepEqual(ids, [...ids].sort());
      }),
      { numRuns: 200 },
    );
  });

  test('adds a copy with the properties of its source, but not in memory', () => {
    const fleet = new Map([['a', new Set(['mine:latest'])]]);
    const [, copy] = change(catalogOf(fleet), 'a', {
      kind: 'added',
      name: 'other:latest',
      like: 'mine',
    }).models;
    const [location] = copy?.locations ?? [];
    assert.equal(copy?.id, 'other:latest');
    assert.deepEqual([location?.model.quantization, location?.model.resident], ['Q4_K_M', false]);
  });

  test('leaves every other model unchanged', () => {
    const before = catalogOf(new Map([['a', new Set(NAMES)]]));
    const after = change(before, 'a', { kind: 'removed', name: 'org/mine:latest', like: null });
    const kept = after.models.filter((model) => before.models.includes(model));
    assert.deepEqual(
      [kept.length, after.models.length],
      [before.models.length - 1, before.models.length - 1],
    );
  });
});
