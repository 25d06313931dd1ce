import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CatalogModel, EndpointModel } from '../snapshot.ts';
import { buildCatalog, type EndpointModels } from './build-catalog.ts';
import { indexCatalog } from './index-catalog.ts';
import { PLAIN_NAMES, type NameRules } from './names/name-rules.ts';

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

function endpoint(name: string, rules: NameRules, ...models: EndpointModel[]): EndpointModels {
  return { endpoint: name, rules, models };
}

/** Like the names of Ollama's library. */
const SHORT: NameRules = { shortNames: 'own', textMeansBase: true, asPublished: false, preferredAsId: true };
/** Like those of LM Studio's catalog. */
const PUBLISHED: NameRules = { ...PLAIN_NAMES, shortNames: 'published' };
/** Like those of vLLM, which are ids of repositories. */
const REPOSITORY: NameRules = { ...PLAIN_NAMES, asPublished: true };

const digest = (seed: string): string => `0123456789abcdef${seed}`.padEnd(64, '7');

test('makes a namesake with another quantisation a model of its own, with an id that finds it', () => {
  const catalog = buildCatalog(
    [
      endpoint('a', PUBLISHED, model('my-model', { quantization: 'Q4_K_M' })),
      endpoint('b', PUBLISHED, model('my-model', { quantization: 'Q8_0' })),
      endpoint('c', PUBLISHED, model('my-model', { quantization: 'Q4_K_M' })),
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

test('joins namesakes of which one tells no quantisation', () => {
  const catalog = buildCatalog(
    [
      endpoint('a', SHORT, model('llama3.1:8b', { quantization: 'Q4_K_M' })),
      endpoint('b', PLAIN_NAMES, model('llama3.1:8b')),
    ],
    null,
    0,
  );
  assert.equal(catalog.models.length, 1);
});

test('never joins names by their digest', () => {
  const copy = { digest: digest('a'), sizeBytes: 1 };
  const index = indexCatalog(
    buildCatalog(
      [
        endpoint('a', SHORT, model('precious:latest', copy), model('scratch:latest', copy)),
        endpoint('b', SHORT, model('other:latest', copy)),
      ],
      null,
      0,
    ),
  );
  for (const name of ['precious', 'scratch', 'other'])
    assert.deepEqual(
      index.find(name)?.locations.map((at) => at.model.name),
      [`${name}:latest`],
    );
});

test('takes a name without a tag for that of its server, not for the file of another', () => {
  const index = indexCatalog(
    buildCatalog(
      [endpoint('a', SHORT, model('scratch:latest')), endpoint('b', PLAIN_NAMES, model('/models/scratch'))],
      null,
      0,
    ),
  );
  assert.equal(index.find('scratch')?.id, 'scratch:latest');
  assert.equal(index.find('registry.ollama.ai/library/Scratch')?.id, 'scratch:latest');
});

test('keeps id and created from one discovery to the next, and the revision of an unchanged fleet', () => {
  const gguf = endpoint('b', PLAIN_NAMES, model('Qwen3-8B-Q4_K_M.gguf'));
  const tags = endpoint('a', SHORT, model('qwen3:8b', { quantization: 'Q4_K_M', modifiedAt: 5_000_000 }));
  const first = buildCatalog([gguf], null, 10_000);
  const second = buildCatalog([gguf, tags], first, 20_000);
  const third = buildCatalog([tags, gguf], second, 30_000);
  assert.equal(second.models[0]?.id, 'Qwen3-8B-Q4_K_M.gguf');
  assert.deepEqual(second.models[0]?.aliases, ['qwen3:8b']);
  assert.equal(second.models[0]?.created, 10);
  assert.ok(second.revision > first.revision);
  assert.equal(third, second);
});

test('takes created from the date that a server tells', () => {
  const catalog = buildCatalog(
    [endpoint('a', SHORT, model('x:1', { modifiedAt: 1_700_000_000_500 }))],
    null,
    1,
  );
  assert.equal(catalog.models[0]?.created, 1_700_000_000);
});

test('finds a name in any case, and with or without :latest', () => {
  const index = indexCatalog(
    buildCatalog(
      [endpoint('a', SHORT, model('Mine:latest')), endpoint('b', REPOSITORY, model('Org/Name'))],
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

test('lists a name with :latest without it too, unless another model has the shorter name', () => {
  const alone = buildCatalog([endpoint('a', SHORT, model('mine:latest', { quantization: 'Q4_0' }))], null, 0);
  assert.deepEqual(alone.models[0]?.aliases, ['mine']);
  const both = buildCatalog(
    [
      endpoint('a', SHORT, model('mine:latest', { quantization: 'Q4_0' })),
      endpoint('b', PUBLISHED, model('mine', { quantization: 'Q8_0' })),
    ],
    null,
    0,
  );
  const index = indexCatalog(both);
  assert.equal(index.find('mine')?.quantization, 'Q8_0');
  assert.equal(index.find('mine:latest')?.quantization, 'Q4_0');
});

test('keeps two models apart whose names differ in case only', () => {
  const catalog = buildCatalog(
    [
      endpoint('a', REPOSITORY, model('Qwen/Qwen3-8B')),
      endpoint('b', PUBLISHED, model('qwen/qwen3-8b', { quantization: 'Q4_K_M' })),
    ],
    null,
    0,
  );
  const index = indexCatalog(catalog);
  assert.equal(index.find('Qwen/Qwen3-8B')?.quantization, null);
  assert.equal(index.find('qwen/qwen3-8b')?.quantization, 'Q4_K_M');
});

const ROWS: readonly (readonly [NameRules, name: string, quantization: string | null])[] = [
  [SHORT, 'llama3.1:8b', 'Q4_K_M'],
  [SHORT, 'llama3.1:8b-instruct-q8_0', 'Q8_0'],
  [SHORT, 'mine:latest', null],
  [PUBLISHED, 'meta-llama-3.1-8b-instruct', 'Q4_K_M'],
  [PUBLISHED, 'meta-llama-3.1-8b-instruct', 'Q8_0'],
  [PUBLISHED, 'qwen/qwen3-8b', 'Q4_K_M'],
  [PLAIN_NAMES, 'Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf', null],
  [PLAIN_NAMES, '/models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf', null],
  [PLAIN_NAMES, 'mine', null],
  [PLAIN_NAMES, 'Mine', 'F16'],
  [REPOSITORY, 'meta-llama/Llama-3.1-8B-Instruct', null],
  [REPOSITORY, 'Qwen/Qwen3-8B', null],
];
const fleetOf = fc
  .array(fc.record({ at: fc.nat({ max: 5 }), row: fc.constantFrom(...ROWS) }), { maxLength: 40 })
  .map((placed) =>
    placed.map(({ at, row: [rules, name, quantization] }) =>
      endpoint(`e${at}-${ROWS.findIndex((row) => row[0] === rules)}`, rules, model(name, { quantization })),
    ),
  );

test('does not depend on the order of endpoints', () => {
  fc.assert(
    fc.property(fleetOf, (fleet) => {
      const one = buildCatalog(fleet, null, 1_000);
      const other = buildCatalog([...fleet].reverse(), null, 1_000);
      assert.deepEqual(other.models, one.models);
    }),
    { numRuns: 100 },
  );
});

test('keeps quantisations apart, gives each name one meaning, and loses nothing', () => {
  fc.assert(
    fc.property(fleetOf, (fleet) => {
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

test('unifies 200 endpoints with 5,000 models twice in less than a second of processor time', () => {
  const fleet = Array.from({ length: 200 }, (_, at) =>
    endpoint(
      `e${at}`,
      SHORT,
      ...Array.from({ length: 100 }, (_, n) =>
        model(`m${(at * 25 + n) % 5000}:8b`, { quantization: 'Q4_K_M' }),
      ),
    ),
  );
  const startedAt = process.cpuUsage();
  const catalog = buildCatalog(fleet, null, 0);
  const again = buildCatalog(fleet, catalog, 1);
  const index = indexCatalog(catalog);
  // Not the clock: what else runs on the machine must not decide.
  const { user, system } = process.cpuUsage(startedAt);
  assert.equal(catalog.models.length, 5000);
  assert.equal(again, catalog);
  assert.equal(index.find('M77:8B')?.id, 'm77:8b');
  assert.ok(user + system < 1_000_000, `${user + system} µs`);
});

test('takes the kind that a server tells, else the one that the name tells', () => {
  const kindOf = (name: string, told: Partial<EndpointModel> = {}): string | undefined =>
    buildCatalog([endpoint('a', PLAIN_NAMES, model(name, told))], null, 0).models[0]?.kind;
  assert.equal(kindOf('text-embed-small'), 'embeddings');
  assert.equal(kindOf('BAAI/bge-reranker-v2-m3'), 'rerank');
  assert.equal(kindOf('openai/whisper-large-v3'), 'audio');
  assert.equal(kindOf('llava:7b'), 'vlm');
  assert.equal(kindOf('meta-llama/Llama-3.1-8B-Instruct'), 'llm');
  assert.equal(kindOf('gpt-mini'), 'unknown');
  assert.equal(kindOf('text-embed-small', { kind: 'llm' }), 'llm');
});
