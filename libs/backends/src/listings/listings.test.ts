import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { planRoute, type RoutePolicy } from '@olla/core/route-plan/plan-route';
import type { EndpointModel, EndpointState } from '@olla/core/snapshot';
import { newModel } from '../reading/model.ts';
import { profileOf, type KnownBackendType } from '../table.ts';
import { answerForFleet, listModels, OPENAI_TYPES } from './answer-for-fleet.ts';
import { selectModels } from './select-models.ts';
import { formatBytes, unifiedModel } from './unified.ts';
import { fleetOf, type Fleet, type Server } from '../../testing/listed-fleet.ts';

const TAGS = {
  sizeBytes: 4_294_967_296,
  family: 'llama',
  parameterSize: '8.0B',
  quantization: 'Q4_K_M',
  format: 'gguf',
  digest: 'abc',
  modifiedAt: Date.parse('2026-11-20T10:00:00Z'),
};

const MIXED: readonly Server[] = [
  {
    name: 'ollama-a',
    type: 'ollama',
    version: '0.33.0',
    models: [
      newModel('llama3.1:8b', { ...TAGS, capabilities: ['completion', 'tools'], resident: false }),
      newModel('old:1b', {
        ...TAGS,
        parameterSize: '1B',
        modifiedAt: 1_000_000,
        digest: 'def',
        resident: false,
      }),
    ],
  },
  {
    name: 'ollama-b',
    type: 'ollama',
    version: '0.14.0-rc2',
    models: [newModel('llama3.1:8b', { ...TAGS, resident: true, residentUntil: 1_795_392_900_000 })],
  },
  {
    name: 'studio',
    type: 'lm-studio',
    models: [
      newModel('meta-llama-3.1-8b-instruct', {
        kind: 'llm',
        quantization: 'Q4_K_M',
        resident: false,
        contextLength: 131_072,
        publisher: 'lmstudio-community',
      }),
      newModel('embed-small', { kind: 'embeddings', resident: true, quantization: 'Q8_0' }),
    ],
  },
  {
    name: 'vllm-a',
    type: 'vllm',
    models: [newModel('meta-llama/Llama-3.1-8B-Instruct', { resident: true, contextLength: 32_768 })],
  },
  {
    name: 'gone',
    type: 'vllm',
    state: 'offline',
    models: [newModel('only/there-7B', { contextLength: 8_192 })],
  },
];

interface Listing {
  data: { id: string; created: number; olla: Record<string, unknown> & { aliases: string[] } }[];
}

test('lists a model under three names as one entry, with its names, places and states', () => {
  const { data } = listModels(fleetOf(MIXED), 'unified', {}) as Listing;
  const llama = data.find(({ id }) => id === 'llama3.1:8b');
  assert.deepEqual(llama, {
    id: 'llama3.1:8b',
    object: 'model',
    created: 1_795_168_800,
    owned_by: 'olla',
    olla: {
      max_context_length: 131_072,
      family: 'llama',
      variant: '3.1-instruct',
      parameter_size: '8b',
      quantization: 'q4km',
      type: 'llm',
      format: 'gguf',
      size_bytes: 4_294_967_296,
      aliases: ['llama3.1:8b', 'meta-llama-3.1-8b-instruct'],
      availability: [
        { endpoint: 'ollama-a', state: 'available', type: 'ollama', model: 'llama3.1:8b', resident: false },
        { endpoint: 'ollama-b', state: 'loaded', type: 'ollama', model: 'llama3.1:8b', resident: true },
        {
          endpoint: 'studio',
          state: 'not-loaded',
          type: 'lm-studio',
          model: 'meta-llama-3.1-8b-instruct',
          resident: false,
          max_context_length: 131_072,
        },
      ],
      capabilities: [
        'chat',
        'extended-context',
        'function-calling',
        'instruction-following',
        'text-generation',
      ],
    },
  });
  assert.deepEqual(
    data.map(({ id }) => id),
    ['embed-small', 'llama3.1:8b', 'meta-llama/Llama-3.1-8B-Instruct', 'old:1b', 'only/there-7B'],
  );
});

test('lists only names that work as model', () => {
  const fleet = fleetOf(MIXED, { fast: ['llama3.1:8b'], nowhere: ['ghost'] });
  const { data } = listModels(fleet, 'unified', {}) as Listing;
  for (const { id, olla } of data) {
    if (id === 'fast') continue;
    for (const name of [id, ...olla.aliases])
      assert.equal(fleet.names.steps(name)[0]?.models[0]?.model.id, id);
  }
  const names = data.map(({ id }) => id);
  assert.ok(names.includes('fast'), 'an alias that leads to a model is listed');
  assert.ok(!names.includes('nowhere'), 'one that leads nowhere is not');
});

test('filters by endpoint, family, type and availability', () => {
  const fleet = fleetOf(MIXED);
  const ids = (scope: Parameters<typeof listModels>[2]): string[] =>
    (listModels(fleet, 'openai', scope) as Listing).data.map(({ id }) => id);
  assert.deepEqual(ids({ endpoint: 'ollama-b' }), ['llama3.1:8b']);
  assert.deepEqual(ids({ type: 'embeddings' }), ['embed-small']);
  assert.deepEqual(ids({ type: 'embedding' }), ['embed-small']);
  assert.deepEqual(ids({ family: 'LLAMA' }), ['llama3.1:8b', 'meta-llama/Llama-3.1-8B-Instruct', 'old:1b']);
  assert.deepEqual(ids({ available: false }), ['only/there-7B']);
  const { data } = listModels(fleet, 'unified', { endpoint: 'ollama-b' }) as Listing;
  assert.equal((data[0]?.olla['availability'] as unknown[]).length, 1);
  assert.deepEqual((listModels(fleet, 'ollama', { endpoint: 'studio' }) as { models: unknown[] }).models, []);
});

test('answers api/tags as Ollama does, newest first and with details', () => {
  const answer = answerForFleet(profileOf('ollama'), '/api/tags', fleetOf(MIXED));
  assert.ok(answer?.found);
  const { models } = answer.body as { models: Record<string, unknown>[] };
  assert.deepEqual(
    models.map(({ name }) => name),
    ['llama3.1:8b', 'old:1b'],
  );
  assert.deepEqual(models[0], {
    name: 'llama3.1:8b',
    model: 'llama3.1:8b',
    modified_at: '2026-11-20T10:00:00.000Z',
    size: 4_294_967_296,
    digest: 'abc',
    details: {
      parent_model: '',
      format: 'gguf',
      family: 'llama',
      families: ['llama'],
      parameter_size: '8.0B',
      quantization_level: 'Q4_K_M',
    },
    capabilities: ['completion', 'tools'],
  });
});

test('answers api/ps and api/version for the whole fleet', () => {
  const fleet = fleetOf(MIXED);
  const ps = answerForFleet(profileOf('ollama'), '/api/ps', fleet);
  assert.ok(ps?.found);
  const { models } = ps.body as { models: { name: string; expires_at: string; endpoints: string[] }[] };
  assert.deepEqual(
    models.map(({ name, expires_at, endpoints }) => [name, expires_at, endpoints]),
    [['llama3.1:8b', new Date(1_795_392_900_000).toISOString(), ['ollama-b']]],
  );
  const version = answerForFleet(profileOf('ollama'), '/api/version', fleet);
  assert.deepEqual(version, { found: true, body: { version: '0.14.0-rc2' } });
  assert.equal(answerForFleet(profileOf('ollama'), '/api/chat', fleet), null);
});

test("lists type and state of LM Studio's models", () => {
  const answer = answerForFleet(profileOf('lm-studio'), '/api/v0/models', fleetOf(MIXED));
  assert.ok(answer?.found);
  const { data } = answer.body as { data: { id: string; type: string; state: string }[] };
  assert.deepEqual(
    data.map(({ id, type, state }) => [id, type, state]),
    [
      ['embed-small', 'embeddings', 'loaded'],
      ['meta-llama-3.1-8b-instruct', 'llm', 'not-loaded'],
    ],
  );
});

test("lists under a provider's own names the models it serves now, and under openai the whole fleet", () => {
  const fleet = fleetOf(MIXED);
  const ids = (type: KnownBackendType | null, path: string): string[] => {
    const answer = answerForFleet(type === null ? 'openai' : profileOf(type), path, fleet);
    assert.ok(answer?.found);
    return (answer.body as Listing).data.map(({ id }) => id);
  };
  assert.deepEqual(ids('vllm', '/v1/models'), ['meta-llama/Llama-3.1-8B-Instruct']);
  assert.deepEqual(ids('ollama', '/v1/models'), ['llama3.1:8b', 'old:1b']);
  assert.deepEqual(ids('lm-studio', '/v1/models'), ['embed-small', 'meta-llama-3.1-8b-instruct']);
  const all = ['embed-small', 'llama3.1:8b', 'meta-llama/Llama-3.1-8B-Instruct', 'old:1b'];
  assert.deepEqual(ids(null, '/v1/models'), all);
  assert.deepEqual(ids('openai-compatible', '/v1/models'), all);
  assert.deepEqual(ids('sglang', '/v1/models'), []);
  assert.deepEqual(ids('docker-model-runner', '/engines/v1/models'), []);
});

test('finds one model by any of its names, with slashes too', () => {
  const fleet = fleetOf(MIXED);
  const one = answerForFleet('openai', '/v1/models/meta-llama-3.1-8b-instruct', fleet);
  assert.ok(one?.found);
  assert.equal((one.body as { id: string }).id, 'meta-llama-3.1-8b-instruct');
  const slashed = answerForFleet(profileOf('vllm'), '/v1/models/meta-llama/Llama-3.1-8B-Instruct', fleet);
  assert.equal(slashed?.found, true);
  const missing = answerForFleet(profileOf('vllm'), '/v1/models/old:1b', fleet);
  assert.deepEqual(missing, { found: false, model: 'old:1b' });
});

test('shows all fields of one model', () => {
  const listed = selectModels(fleetOf(MIXED), {}).find(({ id }) => id === 'llama3.1:8b');
  assert.ok(listed);
  const body = unifiedModel(listed, 1_795_392_605_000) as Record<string, unknown>;
  assert.equal(body['total_disk_size'], '8.00 GB');
  assert.equal(body['last_seen'], '5s ago');
  assert.equal(body['parameter_count'], 8_000_000_000);
  assert.deepEqual(body['endpoints'], ['ollama-a', 'ollama-b', 'studio']);
  assert.deepEqual(body['loaded_endpoints'], ['ollama-b']);
});

test('writes sizes as people do', () => {
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(1536), '1.50 KB');
  assert.equal(formatBytes(4_294_967_296), '4.00 GB');
});

describe('what is offered', () => {
  const model = (name: string): EndpointModel[] => [newModel(name, { resident: true })];
  const idsOf = (fleet: Fleet, type: KnownBackendType | null): string[] => {
    const answer = answerForFleet(type === null ? 'openai' : profileOf(type), '/v1/models', fleet);
    assert.ok(answer?.found);
    return (answer.body as Listing).data.map(({ id }) => id);
  };
  const UNAVAILABLE: readonly [string, Partial<Server>][] = [
    ['drained', { drained: true }],
    ['ejected', { ejected: true }],
    ['offline', { state: 'offline' }],
  ];

  for (const [word, how] of UNAVAILABLE) {
    const fleet = fleetOf([
      { name: 'a', type: 'ollama', models: model('here:1b'), version: '0.33.0' },
      {
        name: 'b',
        type: 'ollama',
        models: [...model('here:1b'), ...model('only-b:1b')],
        version: '0.1',
        ...how,
      },
      { name: 'c', type: 'lm-studio', models: model('only-c'), ...how },
    ]);
    const status = word === 'drained' ? 'draining' : word;

    test(`does not offer a model whose only endpoint is ${word}`, () => {
      for (const type of [null, 'ollama'] as const) assert.deepEqual(idsOf(fleet, type), ['here:1b']);
      assert.deepEqual(idsOf(fleet, 'lm-studio'), []);
      const tags = answerForFleet(profileOf('ollama'), '/api/tags', fleet);
      assert.ok(tags?.found);
      assert.deepEqual(
        (tags.body as { models: { name: string }[] }).models.map(({ name }) => name),
        ['here:1b'],
      );
      const native = answerForFleet(profileOf('lm-studio'), '/api/v0/models', fleet);
      assert.deepEqual(native, { found: true, body: { object: 'list', data: [] } });
      const one = answerForFleet('openai', '/v1/models/only-b:1b', fleet);
      assert.deepEqual(one, { found: false, model: 'only-b:1b' });
    });

    test(`lists it under /olla/models with the status of its endpoint when that is ${word}`, () => {
      const { data } = listModels(fleet, 'unified', {}) as Listing;
      const states = Object.fromEntries(
        data.map(({ id, olla }) => [
          id,
          (olla['availability'] as { endpoint: string; state: string }[]).map((at) => [
            at.endpoint,
            at.state,
          ]),
        ]),
      );
      assert.deepEqual(states, {
        'here:1b': [
          ['a', 'loaded'],
          ['b', status],
        ],
        'only-b:1b': [['b', status]],
        'only-c': [['c', status]],
      });
      const gone = listModels(fleet, 'unified', { available: false }) as Listing;
      assert.deepEqual(
        gone.data.map(({ id }) => id),
        ['only-b:1b', 'only-c'],
      );
    });

    test(`leaves the version of an endpoint out that is ${word}`, () => {
      const version = answerForFleet(profileOf('ollama'), '/api/version', fleet);
      assert.deepEqual(version, { found: true, body: { version: '0.33.0' } });
    });
  }

  test('offers exactly the models that the planner routes without a last resort', () => {
    const server = fc.record({
      state: fc.constantFrom<EndpointState>(
        'healthy',
        'busy',
        'warming',
        'offline',
        'rate_limited',
        'unknown',
      ),
      drained: fc.boolean(),
      ejected: fc.boolean(),
      models: fc.subarray(['m1', 'm2', 'm3']),
    });
    const policy: RoutePolicy = {
      balancer: 'priority',
      strategy: 'strict',
      fallback: 'none',
      refreshOnMiss: false,
    };
    fc.assert(
      fc.property(fc.array(server, { maxLength: 4 }), (drawn) => {
        const fleet = fleetOf(
          drawn.map((one, i) => ({
            ...one,
            name: `e${i}`,
            type: 'vllm',
            models: one.models.flatMap((name) => model(name)),
          })),
          { chain: ['m1', 'm2'] },
        );
        const scope = { label: '/olla/openai', types: OPENAI_TYPES };
        const routed = ['chain', 'm1', 'm2', 'm3'].filter((name) => {
          const plan = planRoute(fleet.view, { scope, model: name }, policy);
          return plan.kind === 'routed' && !plan.lastResort;
        });
        assert.deepEqual(idsOf(fleet, null).sort(), routed);
      }),
    );
  });
});

describe('a name of several models', () => {
  const TWO: readonly Server[] = [
    {
      name: 'a',
      type: 'ollama',
      models: [newModel('mine:latest', { ...TAGS, contextLength: 8_192, capabilities: ['tools'] })],
    },
    {
      name: 'b',
      type: 'ollama',
      models: [newModel('mine:latest', { ...TAGS, quantization: 'Q8_0', contextLength: 4_096 })],
    },
    { name: 'c', type: 'vllm', state: 'offline', models: [newModel('org/Other-7B')] },
  ];
  const unified = (fleet: Fleet, scope = {}): Listing['data'] =>
    (listModels(fleet, 'unified', scope) as Listing).data;
  const entry = (fleet: Fleet, name: string): Record<string, unknown> =>
    unified(fleet).find(({ id }) => id === name)?.olla ?? assert.fail(`${name} is not listed`);

  test('shows the values that all of them share, and their locations', () => {
    const fleet = fleetOf(TWO, { pool: ['mine', 'org/Other-7B'] });
    const mine = entry(fleet, 'mine:latest');
    assert.deepEqual(mine['alias_for'], ['mine:latest@q4_k_m', 'mine:latest@q8_0']);
    assert.deepEqual([mine['quantization'], mine['parameter_size'], mine['family']], ['', '8b', 'llama']);
    assert.equal(mine['max_context_length'], 4_096);
    assert.ok(!(mine['capabilities'] as string[]).includes('function-calling'));
    assert.equal((mine['availability'] as unknown[]).length, 2);
    assert.equal((entry(fleet, 'pool')['availability'] as unknown[]).length, 3);
  });

  test('shows an endpoint that has several of them with the one that it gets', () => {
    const both: Server = { name: 'a', type: 'ollama', models: [newModel('x:1'), newModel('y:1')] };
    const fleet = fleetOf([both], { pool: ['y:1', 'x:1'] });
    const shown = entry(fleet, 'pool')['availability'] as { model: string }[];
    assert.deepEqual(
      shown.map(({ model }) => model),
      ['y:1'],
    );
    const plan = planRoute(
      fleet.view,
      { scope: { label: '/olla/proxy', types: null }, model: 'pool' },
      {
        balancer: 'least-connections',
        strategy: 'strict',
        fallback: 'none',
        refreshOnMiss: false,
      },
    );
    assert.ok(plan.kind === 'routed');
    assert.deepEqual(
      plan.candidates.map(({ model }) => model),
      ['y:1'],
    );
  });

  test('is listed with the first of its steps that serves, and left out where none does', () => {
    const fallbacks = { 'org/Other-7B': ['mine'], unheard: ['org/Other-7B'] };
    const fleet = fleetOf(TWO, { tuned: ['org/Other-7B'] }, fallbacks);
    const available = unified(fleet, { available: true });
    assert.deepEqual(
      available.map(({ id }) => id),
      ['mine:latest@q4_k_m', 'mine:latest@q8_0', 'mine:latest', 'org/Other-7B'],
    );
    assert.deepEqual(available.at(-1)?.olla['alias_for'], ['mine']);
    assert.deepEqual(
      unified(fleet, { available: false }).map(({ id }) => id),
      ['org/Other-7B', 'tuned', 'unheard'],
    );
    assert.equal(entry(fleet, 'org/Other-7B')['alias_for'], undefined);
  });

  test('is listed once, as servers spell it, however the key of its fallbacks is written', () => {
    const fleet = fleetOf(TWO, {}, { MINE: ['org/Other-7B'], 'ORG/other-7b': ['mine'] });
    assert.deepEqual(
      unified(fleet, { available: true }).map(({ id }) => id),
      ['mine:latest@q4_k_m', 'mine:latest@q8_0', 'mine:latest', 'org/Other-7B'],
    );
  });

  test('takes the place of a model that has the name of an alias', () => {
    const fleet = fleetOf(TWO, { 'org/Other-7B': ['mine', 'org/Other-7B'] });
    assert.equal(unified(fleet).filter(({ id }) => id === 'org/Other-7B').length, 1);
    assert.deepEqual(entry(fleet, 'org/Other-7B')['alias_for'], ['mine', 'org/Other-7B']);
    assert.equal(selectModels(fleet, { available: false }).length, 0);
  });
});
