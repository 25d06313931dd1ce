import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { CatalogModel, EndpointModel } from '../snapshot.ts';
import { buildCatalog, type EndpointModels } from './build-catalog.ts';
import { indexCatalog } from './index-catalog.ts';
import { PLAIN_NAMES, type NameRules } from './names/name-rules.ts';

function model(name: string, known: Partial<EndpointModel> = {}): EndpointModel {
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
    ...known,
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

function placesOf(models: readonly CatalogModel[]): string[] {
  return models.flatMap(({ locations }) => locations.map((at) => `${at.endpoint} ${at.model.name}`));
}

const digest = (seed: string): string => `0123456789abcdef${seed}`.padEnd(64, '7');

describe('buildCatalog', () => {
  test('makes an entry of equal name and another quantisation a model of its own, with an id that finds it', () => {
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
        ['my-model@q4_k_m', ['a', 'c']],
        ['my-model@q8_0', ['b']],
      ],
    );
    const index = indexCatalog(catalog);
    assert.deepEqual(placesOf(index.find('my-model@q8_0')), ['b my-model']);
    assert.deepEqual(placesOf(index.find('My-Model@Q4_K_M')), ['a my-model', 'c my-model']);
    assert.deepEqual(placesOf(index.find('my-model')), ['a my-model', 'c my-model', 'b my-model']);
    assert.deepEqual(
      index.sharedNames.map(({ name, models }) => [name, models.length]),
      [['my-model', 2]],
    );
  });

  test('takes a name and the same with :latest for one, also in two quantisations', () => {
    const catalog = buildCatalog(
      [
        endpoint('a', SHORT, model('mine:latest', { quantization: 'Q4_0' })),
        endpoint('b', PUBLISHED, model('mine', { quantization: 'Q8_0' })),
      ],
      null,
      0,
    );
    const index = indexCatalog(catalog);
    for (const name of ['mine', 'mine:latest', 'MINE', 'library/mine'])
      assert.deepEqual(placesOf(index.find(name)).sort(), ['a mine:latest', 'b mine'], name);
    assert.deepEqual(placesOf(index.find('mine@q4_0')), ['a mine:latest']);
    assert.deepEqual(placesOf(index.find('mine:latest@q8_0')), ['b mine']);
    assert.deepEqual(
      index.sharedNames.map(({ name }) => name),
      ['mine:latest'],
    );
  });

  test('finds a quantisation by its name also where only one is there', () => {
    const index = indexCatalog(
      buildCatalog([endpoint('a', PUBLISHED, model('mine', { quantization: 'Q8_0' }))], null, 0),
    );
    assert.deepEqual(placesOf(index.find('mine@q8_0')), ['a mine']);
    assert.deepEqual(index.find('mine@q4_0'), []);
    assert.deepEqual(index.find('other@q8_0'), []);
    assert.deepEqual(index.find('@q8_0'), []);
  });

  test('keeps an entry without a quantisation apart where two others of its name have different ones', () => {
    const catalog = buildCatalog(
      [
        endpoint('a', SHORT, model('m:1', { quantization: 'Q4_0' })),
        endpoint('b', SHORT, model('m:1', { quantization: 'Q8_0' })),
        endpoint('c', PLAIN_NAMES, model('m:1')),
      ],
      null,
      0,
    );
    assert.deepEqual(
      catalog.models.map(({ id }) => id),
      ['m:1@q4_0', 'm:1@q8_0', 'm:1@unknown'],
    );
    assert.equal(placesOf(indexCatalog(catalog).find('m:1')).length, 3);
  });

  test('keeps namesakes of two publishers apart, each with an id that finds it', () => {
    const of = (name: string, publisher: string): EndpointModels =>
      endpoint(name, PUBLISHED, model('llama-3.1-8b-instruct', { quantization: 'Q4_K_M', publisher }));
    const catalog = buildCatalog([of('a', 'alice'), of('b', 'bob')], null, 0);
    assert.deepEqual(
      catalog.models.map(({ id, locations }) => [id, locations.map((at) => at.endpoint)]),
      [
        ['llama-3.1-8b-instruct@alice-q4_k_m', ['a']],
        ['llama-3.1-8b-instruct@bob-q4_k_m', ['b']],
      ],
    );
    const index = indexCatalog(catalog);
    assert.equal(index.find('llama-3.1-8b-instruct').length, 2);
    assert.equal(index.find('llama-3.1-8b-instruct@q4_k_m').length, 2);
  });

  test("joins names of one model only while they give one publisher; of several, names without one are the maker's", () => {
    const known = { quantization: 'Q4_K_M' };
    const namesOf = (...names: string[]): string[][] =>
      buildCatalog(
        names.map((name, at) => endpoint(`e${at}`, PLAIN_NAMES, model(name, known))),
        null,
        0,
      )
        .models.map(({ locations }) => locations.map((at) => at.model.name).sort())
        .sort();
    const plain = 'Qwen3-8B-Q4_K_M.gguf';
    const bartowski = 'bartowski/Qwen3-8B-GGUF';
    const unsloth = 'unsloth/Qwen3-8B-GGUF';
    const maker = 'Qwen/Qwen3-8B-GGUF';
    assert.deepEqual(namesOf(plain, bartowski), [[plain, bartowski]]);
    assert.deepEqual(namesOf(plain, bartowski, unsloth), [[plain], [bartowski], [unsloth]]);
    assert.deepEqual(namesOf(plain, bartowski, maker), [[maker, plain], [bartowski]]);
    assert.deepEqual(namesOf(plain, 'somebody/Qwen3-8B-GGUF'), [[plain], ['somebody/Qwen3-8B-GGUF']]);
  });

  test('gives the file of a path as a name only where that is no name of another model', () => {
    const catalogOf = (...names: string[]) =>
      indexCatalog(
        buildCatalog(
          names.map((name, at) => endpoint(`e${at}`, PLAIN_NAMES, model(name))),
          null,
          0,
        ),
      );
    const file = 'Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf';
    assert.deepEqual(catalogOf(`/models/support-bot/${file}`).find(file), []);
    assert.equal(catalogOf(`/models/${file}`).find(file).length, 1);
    assert.equal(catalogOf('/a/own.gguf').find('own.gguf').length, 1);
    assert.deepEqual(catalogOf('/a/own.gguf', '/b/own.gguf').find('own.gguf'), []);
    assert.equal(catalogOf('C:\\models\\own.gguf').find('own.gguf').length, 1);
  });

  test('joins entries of one name of which one has no quantisation', () => {
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
        index.find(name).flatMap(({ locations }) => locations.map((at) => at.model.name)),
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
    assert.equal(index.find('scratch')[0]?.id, 'scratch:latest');
    assert.equal(index.find('registry.ollama.ai/library/Scratch')[0]?.id, 'scratch:latest');
  });

  test('keeps created from one discovery to the next, and the revision of an unchanged fleet', () => {
    const gguf = endpoint('b', PLAIN_NAMES, model('Qwen3-8B-Q4_K_M.gguf'));
    const tags = endpoint('a', SHORT, model('qwen3:8b', { quantization: 'Q4_K_M', modifiedAt: 5_000_000 }));
    const first = buildCatalog([gguf], null, 10_000);
    const second = buildCatalog([gguf, tags], first, 20_000);
    const third = buildCatalog([tags, gguf], second, 30_000);
    assert.equal(second.models[0]?.id, 'qwen3:8b');
    assert.deepEqual(second.models[0]?.aliases, ['Qwen3-8B-Q4_K_M.gguf']);
    assert.equal(second.models[0]?.created, 10);
    assert.ok(second.revision > first.revision);
    assert.equal(third, second);
  });

  test('takes created from the date that a server reports', () => {
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
    assert.equal(index.find('mine')[0]?.id, 'Mine:latest');
    assert.equal(index.find('MINE:LATEST')[0]?.id, 'Mine:latest');
    assert.equal(index.find('org/name')[0]?.id, 'Org/Name');
    assert.equal(index.find('Org/Name:latest')[0]?.id, 'Org/Name');
    assert.deepEqual(index.find('other'), []);
    assert.deepEqual(index.find('__proto__'), []);
  });

  test('lists a name with :latest without it too', () => {
    const alone = buildCatalog(
      [endpoint('a', SHORT, model('mine:latest', { quantization: 'Q4_0' }))],
      null,
      0,
    );
    assert.deepEqual(alone.models[0]?.aliases, ['mine']);
  });

  test('keeps two models apart whose names differ only in case', () => {
    const catalog = buildCatalog(
      [
        endpoint('a', REPOSITORY, model('Qwen/Qwen3-8B')),
        endpoint('b', PUBLISHED, model('qwen/qwen3-8b', { quantization: 'Q4_K_M' })),
      ],
      null,
      0,
    );
    const index = indexCatalog(catalog);
    assert.equal(index.find('Qwen/Qwen3-8B')[0]?.quantization, null);
    assert.equal(index.find('qwen/qwen3-8b')[0]?.quantization, 'Q4_K_M');
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

  test('depends neither on the order of endpoints nor on the order in which they were found', () => {
    const twice = fleetOf.chain((fleet) =>
      fc.tuple(fc.constant(fleet), fc.shuffledSubarray(fleet, { minLength: fleet.length })),
    );
    fc.assert(
      fc.property(twice, ([fleet, shuffled]) => {
        const one = buildCatalog(fleet, null, 1_000);
        let other = buildCatalog([], null, 1_000);
        shuffled.forEach((_, found) => {
          other = buildCatalog(shuffled.slice(0, found + 1), other, 1_000);
        });
        assert.deepEqual(other.models, one.models);
      }),
      { numRuns: 100 },
    );
  });

  test('names a model in the same way whichever server was found first', () => {
    const ollama = endpoint('a', SHORT, model('slow:latest'));
    const vllm = endpoint('b', REPOSITORY, model('slow'));
    for (const [first, second] of [
      [ollama, vllm],
      [vllm, ollama],
    ] as const) {
      const catalog = buildCatalog([first, second], buildCatalog([first], null, 0), 0);
      assert.deepEqual(
        catalog.models.map(({ id, aliases }) => [id, aliases]),
        [['slow:latest', ['slow']]],
      );
    }
  });

  test('keeps quantisations apart, gives each id one meaning, and loses no model', () => {
    fc.assert(
      fc.property(fleetOf, (fleet) => {
        const { models } = buildCatalog(fleet, null, 1_000);
        const index = indexCatalog({ revision: 1, models });
        for (const entry of models) {
          assert.deepEqual(index.find(entry.id), [entry]);
          for (const alias of entry.aliases) assert.ok(index.find(alias).includes(entry), alias);
          const known = entry.locations
            .map((at) => at.model.quantization?.toUpperCase())
            .filter((q) => q !== undefined);
          assert.ok(new Set(known).size <= 1, `${entry.id}: ${known.join(' ')}`);
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
    // Measures CPU time instead of elapsed time, so that other processes of the machine do not matter.
    const { user, system } = process.cpuUsage(startedAt);
    assert.equal(catalog.models.length, 5000);
    assert.equal(again, catalog);
    assert.equal(index.find('M77:8B')[0]?.id, 'm77:8b');
    assert.ok(user + system < 1_000_000, `${user + system} µs`);
  });

  test('takes the kind that a server reports, else the one that the name shows', () => {
    const kindOf = (name: string, known: Partial<EndpointModel> = {}): string | undefined =>
      buildCatalog([endpoint('a', PLAIN_NAMES, model(name, known))], null, 0).models[0]?.kind;
    assert.equal(kindOf('text-embed-small'), 'embeddings');
    assert.equal(kindOf('BAAI/bge-reranker-v2-m3'), 'rerank');
    assert.equal(kindOf('openai/whisper-large-v3'), 'audio');
    assert.equal(kindOf('llava:7b'), 'vlm');
    assert.equal(kindOf('meta-llama/Llama-3.1-8B-Instruct'), 'llm');
    assert.equal(kindOf('gpt-mini'), 'unknown');
    assert.equal(kindOf('text-embed-small', { kind: 'llm' }), 'llm');
  });
});
