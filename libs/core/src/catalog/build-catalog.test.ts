import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BackendType } from '../backend-type.ts';
import type { CatalogModel, EndpointModel } from '../snapshot.ts';
import { buildCatalog } from './build-catalog.ts';
import type { EndpointModels } from './build-catalog.ts';
import { indexCatalog } from './index-catalog.ts';
import { readRow, TABLE_OF_NAMES } from './names/table-of-names.ts';

function model(name: string, told: Partial<EndpointModel> = {}): EndpointModel {
  return {
    kind: 'unknown',
    resident: null,
    residentUntil: null,
    contextLength: null,
    sizeBytes: null,
    family: null,
    parameterSize: null,
    quantization: null,
    format: null,
    digest: null,
    publisher: null,
    capabilities: [],
    modifiedAt: null,
    ...told,
    name,
  };
}

function endpoint(name: string, type: BackendType, ...models: EndpointModel[]): EndpointModels {
  return { endpoint: name, type, models };
}

const digest = (seed: string): string => `0123456789abcdef${seed}`.padEnd(64, '7');

test('the table of real names becomes exactly its models', () => {
  const rows = TABLE_OF_NAMES.flatMap(({ names }) => names).map(readRow);
  const fleet = rows.map(({ type, name, quantization, parameterSize }, at) =>
    endpoint(`e${at}`, type, model(name, { quantization, parameterSize })),
  );
  const catalog = buildCatalog(fleet, null, 1_000);
  const merged = catalog.models.map(({ locations }) =>
    locations.map(({ endpoint: at }) => Number(at.slice(1))).sort((a, b) => a - b),
  );
  let next = 0;
  const expected = TABLE_OF_NAMES.map(({ names }) => names.map(() => next++));
  const show = (groups: number[][]): string[] =>
    groups.map((group) => group.map((at) => `${rows[at]?.type} ${rows[at]?.name}`).join(' = ')).sort();
  assert.deepEqual(show(merged), show(expected));
});

test('every id and alias of the table finds its own model', () => {
  const rows = TABLE_OF_NAMES.flatMap(({ names }) => names).map(readRow);
  const fleet = rows.map(({ type, name, quantization, parameterSize }, at) =>
    endpoint(`e${at}`, type, model(name, { quantization, parameterSize })),
  );
  const catalog = buildCatalog(fleet, null, 1_000);
  const index = indexCatalog(catalog);
  for (const entry of catalog.models) {
    for (const name of [entry.id, ...entry.aliases]) assert.equal(index.find(name), entry, name);
  }
});

test('a namesake that contradicts in quantisation is a model of its own, reachable by an id of its own', () => {
  const catalog = buildCatalog(
    [
      endpoint('a', 'lm-studio', model('my-model', { quantization: 'Q4_K_M' })),
      endpoint('b', 'lm-studio', model('my-model', { quantization: 'Q8_0' })),
      endpoint('c', 'lm-studio', model('my-model', { quantization: 'Q4_K_M' })),
    ],
    null,
    0,
  );
  assert.deepEqual(
    catalog.models.map(({ id, locations }) => [id, locations.map((at) => at.endpoint)]),
    [
      ['my-model', ['a', 'c']],
      ['my-model@q8_0', ['b']],
    ],
  );
  assert.equal(indexCatalog(catalog).find('my-model@q8_0')?.locations[0]?.model.name, 'my-model');
});

test('a namesake of which the quantisation is not told is the same model', () => {
  const catalog = buildCatalog(
    [
      endpoint('a', 'ollama', model('llama3.1:8b', { quantization: 'Q4_K_M' })),
      endpoint('b', 'litellm', model('llama3.1:8b')),
    ],
    null,
    0,
  );
  assert.equal(catalog.models.length, 1);
});

test('a copy under another name is known by its digest, but not by a made-up one', () => {
  const copies = (value: string): number =>
    buildCatalog(
      [endpoint('a', 'ollama', model('base:1', { digest: value }), model('mine:latest', { digest: value }))],
      null,
      0,
    ).models.length;
  assert.equal(copies(digest('a')), 1);
  assert.equal(copies('0'.repeat(64)), 2);
  assert.equal(copies('abc'), 2);
});

test('ids and created stay from discovery to discovery, and an unchanged fleet keeps its revision', () => {
  const gguf = endpoint('b', 'llamacpp', model('Qwen3-8B-Q4_K_M.gguf'));
  const tags = endpoint('a', 'ollama', model('qwen3:8b', { quantization: 'Q4_K_M', modifiedAt: 5_000_000 }));
  const first = buildCatalog([gguf], null, 10_000);
  const second = buildCatalog([gguf, tags], first, 20_000);
  const third = buildCatalog([tags, gguf], second, 30_000);
  assert.equal(second.models[0]?.id, 'Qwen3-8B-Q4_K_M.gguf');
  assert.deepEqual(second.models[0]?.aliases, ['qwen3:8b']);
  assert.equal(second.models[0]?.created, 10);
  assert.ok(second.revision > first.revision);
  assert.equal(third, second);
});

test('created is the date that a server tells, where one does', () => {
  const catalog = buildCatalog(
    [endpoint('a', 'ollama', model('x:1', { modifiedAt: 1_700_000_000_500 }))],
    null,
    1,
  );
  assert.equal(catalog.models[0]?.created, 1_700_000_000);
});

test('names are found in any case, and with or without latest', () => {
  const index = indexCatalog(
    buildCatalog(
      [endpoint('a', 'ollama', model('Mine:latest')), endpoint('b', 'vllm', model('Org/Name'))],
      null,
      0,
    ),
  );
  assert.equal(index.find('mine')?.id, 'Mine:latest');
  assert.equal(index.find('MINE:LATEST')?.id, 'Mine:latest');
  assert.equal(index.find('org/name')?.id, 'Org/Name');
  assert.equal(index.find('Org/Name:latest')?.id, 'Org/Name');
  assert.equal(index.find('other'), undefined);
  assert.equal(index.find('__proto__'), undefined);
});

test('an Ollama name is listed without its latest, unless another model has the short name', () => {
  const alone = buildCatalog(
    [endpoint('a', 'ollama', model('mine:latest', { quantization: 'Q4_0' }))],
    null,
    0,
  );
  assert.deepEqual(alone.models[0]?.aliases, ['mine']);
  const both = buildCatalog(
    [
      endpoint('a', 'ollama', model('mine:latest', { quantization: 'Q4_0' })),
      endpoint('b', 'lm-studio', model('mine', { quantization: 'Q8_0' })),
    ],
    null,
    0,
  );
  const index = indexCatalog(both);
  assert.equal(index.find('mine')?.quantization, 'Q8_0');
  assert.equal(index.find('mine:latest')?.quantization, 'Q4_0');
});

test('a Hugging Face id and an LM Studio key that differ in case only stay two models', () => {
  const catalog = buildCatalog(
    [
      endpoint('a', 'vllm', model('Qwen/Qwen3-8B')),
      endpoint('b', 'lm-studio', model('qwen/qwen3-8b', { quantization: 'Q4_K_M' })),
    ],
    null,
    0,
  );
  const index = indexCatalog(catalog);
  assert.equal(index.find('Qwen/Qwen3-8B')?.quantization, null);
  assert.equal(index.find('qwen/qwen3-8b')?.quantization, 'Q4_K_M');
});

const rowOf = fc.constantFrom(...TABLE_OF_NAMES.flatMap(({ names }) => names));
const fleetOf = fc.array(fc.record({ at: fc.integer({ min: 0, max: 5 }), row: rowOf }), { maxLength: 40 });

function fleetFrom(rows: readonly { at: number; row: string }[]): EndpointModels[] {
  return rows.map(({ at, row }) => {
    const { type, name, quantization, parameterSize } = readRow(row);
    return endpoint(`${type}-${at}`, type, model(name, { quantization, parameterSize }));
  });
}

test('the order of endpoints changes nothing', () => {
  fc.assert(
    fc.property(fleetOf, (rows) => {
      const one = buildCatalog(fleetFrom(rows), null, 1_000);
      const other = buildCatalog(fleetFrom([...rows].reverse()), null, 1_000);
      assert.deepEqual(other.models, one.models);
    }),
    { numRuns: 100 },
  );
});

test('no two quantisations share an entry, no name means two, and nothing is lost', () => {
  fc.assert(
    fc.property(fleetOf, (rows) => {
      const fleet = fleetFrom(rows);
      const { models } = buildCatalog(fleet, null, 1_000);
      const names = models.flatMap(({ id, aliases }) => [id, ...aliases]);
      assert.equal(new Set(names).size, names.length);
      for (const entry of models) {
        const told = entry.locations
          .map((at) => at.model.quantization?.toUpperCase())
          .filter((q) => q !== undefined);
        assert.ok(new Set(told).size <= 1, `${entry.id}: ${told.join(' ')}`);
      }
      const count = (list: readonly CatalogModel[]): number =>
        list.reduce((sum, one) => sum + one.locations.length, 0);
      assert.equal(count(models), fleet.length);
    }),
    { numRuns: 100 },
  );
});

test('a fleet of 200 endpoints and 5,000 models is unified in well under a second', () => {
  const fleet = Array.from({ length: 200 }, (_, at) =>
    endpoint(
      `e${at}`,
      'ollama',
      ...Array.from({ length: 100 }, (_, n) =>
        model(`m${(at * 25 + n) % 5000}:8b`, { quantization: 'Q4_K_M' }),
      ),
    ),
  );
  const startedAt = performance.now();
  const catalog = buildCatalog(fleet, null, 0);
  const again = buildCatalog(fleet, catalog, 1);
  const index = indexCatalog(catalog);
  const tookMs = performance.now() - startedAt;
  assert.equal(catalog.models.length, 5000);
  assert.equal(again, catalog);
  assert.equal(index.find('M77:8B')?.id, 'm77:8b');
  assert.ok(tookMs < 3_000, `${tookMs} ms`);
});

test('the kind is what servers tell, else what the name does', () => {
  const kindOf = (name: string, told: Partial<EndpointModel> = {}): string | undefined =>
    buildCatalog([endpoint('a', 'openai-compatible', model(name, told))], null, 0).models[0]?.kind;
  assert.equal(kindOf('text-embed-small'), 'embeddings');
  assert.equal(kindOf('BAAI/bge-reranker-v2-m3'), 'rerank');
  assert.equal(kindOf('openai/whisper-large-v3'), 'audio');
  assert.equal(kindOf('llava:7b'), 'vlm');
  assert.equal(kindOf('meta-llama/Llama-3.1-8B-Instruct'), 'llm');
  assert.equal(kindOf('gpt-mini'), 'unknown');
  assert.equal(kindOf('text-embed-small', { kind: 'llm' }), 'llm');
});
