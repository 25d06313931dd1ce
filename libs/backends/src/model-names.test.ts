import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { buildCatalog, type EndpointModels } from '@olla/core/catalog/build-catalog';
import { indexCatalog } from '@olla/core/catalog/index-catalog';
import { parseModelName } from '@olla/core/catalog/names/parse-model-name';
import type { CatalogModel } from '@olla/core/snapshot';
import { newModel } from './reading/model.ts';
import { profileOf } from './table.ts';
import { readRow, TABLE_OF_NAMES } from '../testing/table-of-names.ts';

const ROWS = TABLE_OF_NAMES.flatMap(({ names }) => names);

function endpointOf(row: string, name: string): EndpointModels {
  const { type, name: model, ...reported } = readRow(row);
  const models = [newModel(model, reported)];
  return { endpoint: name, rules: profileOf(type).names, models };
}

describe('one real name', () => {
  test('is in the table once', () => {
    assert.ok(ROWS.length >= 200, `${ROWS.length} names`);
    assert.equal(new Set(ROWS).size, ROWS.length);
  });

  for (const { family, size, quantization, names } of TABLE_OF_NAMES) {
    for (const row of names) {
      test(`is read as its server means it: ${row}`, () => {
        const { type, name, ...reported } = readRow(row);
        const parsed = parseModelName(name, { rules: profileOf(type).names, ...reported });
        assert.equal(parsed.family, family);
        assert.equal(parsed.quantization, quantization);
        // For one model, some servers report a size that its name leaves out.
        if (parsed.size !== null) assert.equal(parsed.size, size);
      });
    }
  }
});

describe('the catalog of a fleet with all real names', () => {
  const catalog = buildCatalog(
    ROWS.map((row, at) => endpointOf(row, `e${at}`)),
    null,
    1_000,
  );

  test('has one entry for each model of the table', () => {
    const merged = catalog.models.map(({ locations }) =>
      locations.map(({ endpoint }) => Number(endpoint.slice(1))).sort((a, b) => a - b),
    );
    let next = 0;
    const expected = TABLE_OF_NAMES.map(({ names }) => names.map(() => next++));
    const show = (groups: number[][]): string[] =>
      groups.map((group) => group.map((at) => ROWS[at]).join(' = ')).sort();
    assert.deepEqual(show(merged), show(expected));
  });

  test('finds each model by its id and by every alias', () => {
    const index = indexCatalog(catalog);
    for (const entry of catalog.models) {
      assert.deepEqual(index.find(entry.id), [entry], entry.id);
      for (const name of entry.aliases) assert.ok(index.find(name).includes(entry), name);
    }
  });
});

describe('the catalog of any fleet with real names', () => {
  const fleet = fc
    .array(fc.record({ at: fc.nat({ max: 5 }), row: fc.constantFrom(...ROWS) }), { maxLength: 40 })
    .map((placed) => placed.map(({ at, row }) => endpointOf(row, `${readRow(row).type}-${at}`)));

  test('does not depend on the order of endpoints', () => {
    fc.assert(
      fc.property(fleet, (endpoints) => {
        const one = buildCatalog(endpoints, null, 1_000);
        const other = buildCatalog([...endpoints].reverse(), null, 1_000);
        assert.deepEqual(other.models, one.models);
      }),
      { numRuns: 100 },
    );
  });

  test('keeps quantisations apart, gives each name one meaning, and loses no model', () => {
    fc.assert(
      fc.property(fleet, (endpoints) => {
        const { models } = buildCatalog(endpoints, null, 1_000);
        const index = indexCatalog({ revision: 1, models });
        for (const entry of models) {
          assert.deepEqual(index.find(entry.id), [entry]);
          const reported = entry.locations
            .map((at) => at.model.quantization?.toUpperCase())
            .filter((quantization) => quantization !== undefined);
          assert.ok(new Set(reported).size <= 1, `${entry.id}: ${reported.join(' ')}`);
        }
        const count = (list: readonly CatalogModel[]): number =>
          list.reduce((sum, { locations }) => sum + locations.length, 0);
        assert.equal(count(models), endpoints.length);
      }),
      { numRuns: 100 },
    );
  });
});
