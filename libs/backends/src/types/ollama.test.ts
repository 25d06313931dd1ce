import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { detectFrom, readSignal } from '../../testing/responses.ts';

describe('Ollama', () => {
  const ollama = profileOf('ollama');

  test('is recognised by its root, and by tags and version where the root is hidden', () => {
    assert.equal(detectFrom({ '/': 'Ollama is running' }), 'ollama');
    assert.equal(
      detectFrom({ '/api/tags': { models: [] }, '/api/version': { version: '0.14.0' } }),
      'ollama',
    );
    assert.equal(detectFrom({ '/api/tags': { models: [] } }), null);
  });

  test('lists digest, size, quantisation, context and kind', () => {
    const {
      models: [slow, embed, seeing],
    } = ollama.readModels({
      models: [
        {
          name: 'slow:latest',
          model: 'slow:latest',
          modified_at: '2026-11-23T00:06:23.384733218Z',
          size: 67019499,
          digest: '8dfa49a2',
          details: {
            format: 'gguf',
            family: 'llama',
            families: ['llama'],
            parameter_size: '16.75M',
            quantization_level: 'unknown',
            context_length: 32768,
          },
          capabilities: ['completion'],
        },
        { name: 'tiny-embed:latest', details: { quantization_level: 'F16' }, capabilities: ['embedding'] },
        { name: 'old-llava:7b', details: { family: 'llama', families: ['llama', 'clip'] } },
      ],
    });
    assert.deepEqual(slow, {
      name: 'slow:latest',
      kind: 'llm',
      resident: null,
      residentUntil: null,
      contextLength: 32768,
      sizeBytes: 67019499,
      family: 'llama',
      parameterSize: '16.75M',
      quantization: null,
      format: 'gguf',
      digest: '8dfa49a2',
      publisher: null,
      capabilities: ['completion'],
      modifiedAt: Date.parse('2026-11-23T00:06:23.384Z'),
      ownFields: { details: { families: ['llama'], quantization_level: 'unknown' } },
    });
    assert.equal(embed?.kind, 'embeddings');
    assert.equal(embed?.quantization, 'F16');
    assert.equal(seeing?.kind, 'vlm');
  });

  test('has an empty list if no model is pulled or loaded', () => {
    assert.deepEqual(ollama.readModels({ models: null }), { models: [], problem: null });
    assert.equal(readSignal(ollama, '/api/ps', { models: [] })?.resident?.size, 0);
    assert.equal(readSignal(ollama, '/api/ps', 'busy'), null);
  });

  test('reports which models are in memory, and until when', () => {
    const reading = readSignal(ollama, '/api/ps', {
      models: [
        {
          name: 'tiny:latest',
          size: 30565989,
          size_vram: 0,
          expires_at: '2026-11-23T00:11:36.535775511Z',
          context_length: 4096,
        },
      ],
    });
    assert.deepEqual(reading?.resident?.get('tiny:latest'), {
      until: Date.parse('2026-11-23T00:11:36.535Z'),
      loadedAs: { memoryBytes: 30565989, vramBytes: 0, contextLength: 4096 },
    });
  });

  test('reports its version', () => {
    assert.deepEqual(readSignal(ollama, '/api/version', { version: '0.14.0' }), { serverVersion: '0.14.0' });
  });

  test('adds from show the capabilities that the list leaves out', () => {
    const { readModels, details } = ollama;
    const {
      models: [model],
    } = readModels({ models: [{ name: 'caller:latest', capabilities: ['completion'] }] });
    assert.ok(model && details);
    const merged = details.merge(model, {
      capabilities: ['tools', 'completion'],
      model_info: { 'general.architecture': 'llama', 'llama.context_length': 4096 },
    });
    assert.deepEqual(merged.capabilities, ['completion', 'tools']);
    assert.equal(merged.contextLength, 4096);
    assert.deepEqual(details.merge(model, 'garbage').capabilities, ['completion']);
  });
});
