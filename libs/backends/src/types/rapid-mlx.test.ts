import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildCatalog } from '@olla/core/catalog/build-catalog';
import { profileOf } from '../table.ts';
import { detectFrom, listOf, readSignal, response } from '../../testing/responses.ts';

describe('Rapid-MLX', () => {
  const rapidMlx = profileOf('rapid-mlx');
  const entry = { recommended_sampling: null, tool_call_parser: 'hermes', audio_lanes: null };
  const list = listOf(
    'rapid-mlx',
    {
      ...entry,
      id: 'mlx-community/Qwen3.5-4B-MLX-4bit',
      modality: 'image',
      context_window: 262_144,
      max_model_len: 65_536,
      capabilities: ['text', 'vision', 'tools'],
    },
    {
      ...entry,
      id: 'qwen3.5-4b-4bit',
      modality: 'image',
      context_window: 262_144,
      max_model_len: 65_536,
      capabilities: ['text', 'vision', 'tools'],
    },
    {
      ...entry,
      id: 'mlx-community/multilingual-e5-small-mlx',
      modality: 'text',
      context_window: null,
      max_model_len: null,
      capabilities: ['embedding'],
    },
    { ...entry, id: 'gpt-oss-20b-mxfp4-q8', modality: 'text', capabilities: ['text', 'tools'] },
    { ...entry, id: 'kokoro', modality: 'audio', capabilities: ['audio.speech'] },
  );

  test('is recognised by the owner of its models', () => {
    assert.equal(detectFrom({ '/v1/models': list }), 'rapid-mlx');
  });

  test('reports the kind of a model, the context that fits into memory, and that a model is loaded', () => {
    assert.deepEqual(
      rapidMlx
        .readModels(list)
        .models.map(({ name, kind, contextLength, resident }) => [name, kind, contextLength, resident]),
      [
        ['mlx-community/Qwen3.5-4B-MLX-4bit', 'vlm', 65_536, true],
        ['qwen3.5-4b-4bit', 'vlm', 65_536, true],
        ['mlx-community/multilingual-e5-small-mlx', 'embeddings', null, null],
        ['gpt-oss-20b-mxfp4-q8', 'llm', null, null],
        ['kokoro', 'audio', null, null],
      ],
    );
  });

  test('lists one model under its repository and its short name', () => {
    const models = rapidMlx.readModels(list).models.slice(0, 2);
    const catalog = buildCatalog([{ endpoint: 'mac', rules: rapidMlx.names, models }], null, 0);
    assert.equal(catalog.models.length, 1);
  });

  test('is healthy only when it is ready, and gives the reason otherwise', () => {
    const body = { status: 'healthy', ready: true, model_loaded: true, model_name: 'qwen3.5-4b-4bit' };
    assert.deepEqual(rapidMlx.checkHealth(response(200, body)), { ok: true });
    const loading = rapidMlx.checkHealth(response(200, { ...body, ready: false }));
    assert.equal(!loading.ok && loading.reason, 'is still loading its model');
    const draining = rapidMlx.checkHealth(response(503, { ...body, status: 'draining', ready: false }));
    assert.equal(!draining.ok && draining.reason, 'is shutting down');
  });

  test('reports version, running and waiting requests; only the version without a model', () => {
    const info = 'rapid_mlx_build_info{version="0.12.18",model="qwen3.5-4b-4bit"} 1\n';
    const load = 'rapid_mlx_requests_running 3\nrapid_mlx_requests_waiting 2\n';
    assert.deepEqual(readSignal(rapidMlx, '/metrics', info + load), {
      serverVersion: '0.12.18',
      running: 3,
      queued: 2,
    });
    assert.deepEqual(readSignal(rapidMlx, '/metrics', info), { serverVersion: '0.12.18' });
    assert.equal(readSignal(rapidMlx, '/metrics', 'nothing'), null);
  });
});
