import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { answerForFleet } from './answer-for-fleet.ts';
import { entriesAt, fleetOf, server, type Server } from '../../testing/listed-fleet.ts';

describe("Ollama's own lists", () => {
  const details = {
    parent_model: 'base:latest',
    format: 'gguf',
    family: 'llama',
    families: ['llama', 'clip'],
    parameter_size: '8.0B',
    quantization_level: 'Q4_0',
    embedding_length: 4_096,
  };
  const seen = {
    name: 'seen:latest',
    model: 'seen:latest',
    modified_at: '2026-01-01T00:00:00Z',
    size: 5,
    digest: 'd1',
  };
  const list = {
    models: [
      { ...seen, details },
      {
        ...seen,
        name: 'far:latest',
        model: 'far:latest',
        remote_model: 'big',
        remote_host: 'https://ollama.com:443',
      },
    ],
  };

  test('have families, parent, embedding length and where a model runs unchanged', () => {
    const fleet = fleetOf([server('ollama', 'a', list)]);
    const entries = entriesAt(fleet, profileOf('ollama'), '/api/tags');
    assert.deepEqual(entries.find(({ name }) => name === 'seen:latest')?.['details'], details);
    const far = entries.find(({ name }) => name === 'far:latest');
    assert.deepEqual([far?.['remote_model'], far?.['remote_host']], ['big', 'https://ollama.com:443']);
    assert.equal(fleet.names.steps('seen:latest')[0]?.models[0]?.model.kind, 'vlm');
  });

  test('have the same details for a model in memory', () => {
    const { models } = server('ollama', 'a', list);
    const loadedAs = { memoryBytes: 9, vramBytes: 8, contextLength: 2_048 };
    const resident = { resident: true, residentUntil: Date.parse('2026-01-01T00:05:00Z'), loadedAs };
    const fleet = fleetOf([
      { name: 'a', type: 'ollama', models: models.map((model) => ({ ...model, ...resident })) },
    ]);
    const entry = entriesAt(fleet, profileOf('ollama'), '/api/ps').find(({ name }) => name === 'seen:latest');
    assert.deepEqual(entry, {
      name: 'seen:latest',
      model: 'seen:latest',
      size: 9,
      digest: 'd1',
      details,
      expires_at: '2026-01-01T00:05:00.000Z',
      size_vram: 8,
      context_length: 2_048,
      endpoints: ['a'],
    });
  });

  test('have every field that clients read even if a server reports only the name', () => {
    const [named] = server('ollama', 'a', { models: [{ name: 'bare' }] }).models;
    assert.ok(named);
    const fleet = fleetOf([{ name: 'a', type: 'ollama', models: [{ ...named, resident: true }] }]);
    for (const [path, time] of [
      ['/api/tags', 'modified_at'],
      ['/api/ps', 'expires_at'],
    ] as const) {
      const entry = entriesAt(fleet, profileOf('ollama'), path)[0] ?? {};
      assert.match(String(entry[time]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      assert.match(String(entry['digest']), /^[0-9a-f]{64}$/);
      assert.equal(entry['size'], 0);
      const reported = {
        parent_model: '',
        format: '',
        family: '',
        families: null,
        parameter_size: '',
        quantization_level: '',
      };
      assert.deepEqual(entry['details'], reported);
    }
    assert.equal(entriesAt(fleet, profileOf('ollama'), '/api/ps')[0]?.['size_vram'], 0);
  });

  test('take from show the data that the list leaves out', () => {
    const { embedding_length: _, ...shownDetails } = details;
    const { readModels, details: reader } = profileOf('ollama');
    const [model] = readModels({ models: [{ name: 'old:latest', details: { family: 'llama' } }] }).models;
    assert.ok(model && reader);
    const shown = reader.merge(model, {
      details: shownDetails,
      model_info: {
        'general.architecture': 'llama',
        'llama.context_length': 4_096,
        'llama.embedding_length': 128,
      },
      capabilities: ['completion', 'tools', 'thinking'],
    });
    const fleet = fleetOf([{ name: 'a', type: 'ollama', models: [shown] }]);
    const [entry] = entriesAt(fleet, profileOf('ollama'), '/api/tags');
    assert.deepEqual(entry?.['details'], { ...details, embedding_length: 128, context_length: 4_096 });
    assert.deepEqual(entry?.['capabilities'], ['completion', 'thinking', 'tools']);
  });

  test('say at the root that the server runs, unless none serves', () => {
    const root = (...servers: Server[]) => answerForFleet(profileOf('ollama'), '/', fleetOf(servers));
    assert.deepEqual(root(server('ollama', 'a', list)), { found: true, body: 'Ollama is running' });
    assert.equal(root({ ...server('ollama', 'a', list), state: 'offline' }), null);
    assert.equal(root(), null);
  });
});
