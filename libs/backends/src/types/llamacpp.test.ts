import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileByPrefix, profileOf } from '../table.ts';
import { detectFrom, listOf, readSignal, response } from '../../testing/responses.ts';

describe('llama.cpp', () => {
  const llamacpp = profileOf('llamacpp');

  test('is reached by each of its three prefixes', () => {
    for (const prefix of ['llamacpp', 'llama-cpp', 'llama_cpp'])
      assert.equal(profileByPrefix(prefix), llamacpp, prefix);
  });

  test('is recognised by its slots, or by its name in the list', () => {
    assert.equal(detectFrom({ '/props': { total_slots: 4 } }), 'llamacpp');
    assert.equal(detectFrom({ '/v1/models': listOf('llamacpp', { id: 'tiny' }) }), 'llamacpp');
  });

  test('is unhealthy while it loads its model, with that reason', () => {
    const body = '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}';
    assert.deepEqual(llamacpp.checkHealth(response(503, body)), {
      ok: false,
      state: 'unhealthy',
      reason: 'is still loading its model',
    });
  });

  test('reports parameters, size and file type of its one model, which is in memory', () => {
    const meta = { n_ctx: 2048, n_ctx_train: 4096, n_params: 8030261248, size: 1164288, ftype: 'F16' };
    const {
      models: [model],
    } = llamacpp.readModels(listOf('llamacpp', { id: 'tiny', meta }));
    assert.equal(model?.contextLength, 2048);
    assert.equal(model?.parameterSize, '8.0B');
    assert.equal(model?.quantization, 'F16');
    assert.equal(model?.resident, true);
  });

  test('reports as a router which of its files are loaded', () => {
    const { models } = llamacpp.readModels(
      listOf(
        'llamacpp',
        { id: 'a', status: { value: 'loaded' } },
        { id: 'b', status: { value: 'unloaded' } },
      ),
    );
    assert.deepEqual(
      models.map(({ resident }) => resident),
      [true, false],
    );
  });

  test('reports its load in three places', () => {
    const metrics =
      '# TYPE llamacpp:requests_processing gauge\nllamacpp:requests_processing 4\nllamacpp:requests_deferred 2\n';
    assert.deepEqual(readSignal(llamacpp, '/metrics', metrics), { running: 4, queued: 2 });
    const slots = [{ is_processing: true }, { is_processing: false }, { is_processing: true }];
    assert.deepEqual(readSignal(llamacpp, '/slots', slots), { slots: 3, running: 2 });
    const props = {
      total_slots: 4,
      default_generation_settings: { n_ctx: 2048 },
      build_info: 'b6100-abc',
    };
    assert.deepEqual(readSignal(llamacpp, '/props', props), {
      slots: 4,
      contextLength: 2048,
      serverVersion: 'b6100-abc',
    });
    assert.equal(readSignal(llamacpp, '/slots', { error: { code: 501 } }), null);
  });

  test('never gets the header that makes it work on for a client that has left', () => {
    assert.ok(llamacpp.requestHeaders.drop.has('x-conversation-id'));
  });
});
