import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProbeAnswer } from '../profile.ts';
import { PROFILES, profileByPrefix, profileOf } from '../table.ts';
import type { KnownBackendType } from '../table.ts';

const answer = (status: number, body = '', headers: Record<string, string> = {}): ProbeAnswer => ({
  status,
  body,
  headers,
});

function readSignal(type: KnownBackendType, path: string, body: unknown) {
  const reader = profileOf(type).signals.find((signal) => signal.path === path);
  assert.ok(reader, `${type} reads ${path}`);
  return reader.parse(typeof body === 'string' ? body : JSON.stringify(body));
}

test('every type has a profile under its own name, and no prefix leads to two', () => {
  for (const profile of PROFILES) assert.equal(profileOf(profile.type), profile);
  const prefixes = PROFILES.flatMap((profile) => profile.prefixes);
  assert.equal(new Set(prefixes).size, prefixes.length);
  for (const prefix of ['lmstudio', 'lm-studio', 'lm_studio']) {
    assert.equal(profileByPrefix(prefix)?.type, 'lm-studio');
  }
  for (const prefix of ['llamacpp', 'llama-cpp', 'llama_cpp'])
    assert.equal(profileByPrefix(prefix)?.type, 'llamacpp');
  assert.equal(profileByPrefix('dmr')?.type, 'docker-model-runner');
  assert.equal(profileByPrefix('openai')?.type, 'openai-compatible');
  assert.equal(profileByPrefix('constructor'), undefined);
});

test('the contract has words of its own for two types', () => {
  const words = PROFILES.map(({ type, contractName }) => [type, contractName]);
  assert.deepEqual(
    words.filter(([type, word]) => type !== word),
    [
      ['lm-studio', 'lmstudio'],
      ['openai-compatible', 'openai'],
    ],
  );
});

test('the endings of a health check: well, ours to fix, to be waited for, unwell', () => {
  const { checkHealth } = profileOf('vllm');
  assert.deepEqual(checkHealth(answer(200)), { ok: true });
  for (const status of [401, 403]) {
    const verdict = checkHealth(answer(status));
    assert.equal(!verdict.ok && verdict.state, 'config_error');
  }
  const limited = checkHealth(answer(429, '', { 'retry-after': '7' }));
  assert.equal(!limited.ok && limited.retryAfterMs, 7_000);
  const broken = checkHealth(answer(500, '{"error":{"message":"CUDA out of memory"}}'));
  assert.equal(!broken.ok && broken.reason, 'answered 500 (CUDA out of memory)');
  const moved = checkHealth(answer(302, '', { location: 'https://sso.example/' }));
  assert.match(moved.ok ? '' : moved.reason, /redirects to https:\/\/sso\.example\/: set url/);
});

test('llama.cpp that loads its model is not well yet, and says why', () => {
  const body = '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}';
  const verdict = profileOf('llamacpp').checkHealth(answer(503, body));
  assert.deepEqual(verdict, { ok: false, state: 'unhealthy', reason: 'is still loading its model' });
});

test('LiteLLM without a database calls a wrong key a bad request', () => {
  const body = '{"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}}';
  const verdict = profileOf('litellm').checkModelsAccess(answer(400, body));
  assert.equal(!verdict.ok && verdict.state, 'config_error');
});

test('Ollama lists digest, size, quantisation, context and kind', () => {
  const [slow, embed, seeing] = profileOf('ollama').parseModels({
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
  });
  assert.equal(embed?.kind, 'embeddings');
  assert.equal(embed?.quantization, 'F16');
  assert.equal(seeing?.kind, 'vlm');
});

test('Ollama with nothing pulled or loaded is a list all the same', () => {
  assert.equal(profileOf('ollama').isModelList({ models: null }), true);
  assert.equal(readSignal('ollama', '/api/ps', { models: [] })?.resident?.size, 0);
  assert.equal(readSignal('ollama', '/api/ps', 'busy'), null);
});

test('Ollama tells what is in memory, and until when', () => {
  const reading = readSignal('ollama', '/api/ps', {
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

test("Ollama's show adds the capabilities that its list leaves out", () => {
  const { parseModels, details } = profileOf('ollama');
  const [model] = parseModels({ models: [{ name: 'caller:latest', capabilities: ['completion'] }] });
  assert.ok(model && details);
  const merged = details.merge(model, {
    capabilities: ['tools', 'completion'],
    model_info: { 'general.architecture': 'llama', 'llama.context_length': 4096 },
  });
  assert.deepEqual(merged.capabilities, ['completion', 'tools']);
  assert.equal(merged.contextLength, 4096);
  assert.deepEqual(details.merge(model, 'garbage').capabilities, ['completion']);
});

test('LM Studio tells type, state and quantisation', () => {
  const { parseModels } = profileOf('lm-studio');
  const [chat, embed] = parseModels({
    object: 'list',
    data: [
      {
        id: 'phi-4-mini',
        object: 'model',
        type: 'vlm',
        publisher: 'lmstudio-community',
        arch: 'phi3',
        compatibility_type: 'gguf',
        quantization: 'Q4_K_M',
        state: 'loaded',
        max_context_length: 32768,
      },
      { id: 'text-embed-small', type: 'embeddings', state: 'not-loaded' },
    ],
  });
  assert.equal(chat?.resident, true);
  assert.equal(chat?.kind, 'vlm');
  assert.equal(chat?.format, 'gguf');
  assert.equal(chat?.contextLength, 32768);
  assert.equal(embed?.resident, false);
  assert.equal(embed?.kind, 'embeddings');
  assert.equal(parseModels({ object: 'list', data: [{ id: 'plain' }] })[0]?.resident, null);
});

test('llama.cpp tells parameters, size and file type of its one model', () => {
  const [model] = profileOf('llamacpp').parseModels({
    object: 'list',
    data: [
      {
        id: 'tiny',
        owned_by: 'llamacpp',
        meta: { n_ctx: 2048, n_ctx_train: 4096, n_params: 8030261248, size: 1164288, ftype: 'F16' },
      },
    ],
  });
  assert.equal(model?.contextLength, 2048);
  assert.equal(model?.parameterSize, '8.0B');
  assert.equal(model?.quantization, 'F16');
  assert.equal(model?.resident, true);
});

test('llama.cpp tells its load in three places', () => {
  const metrics =
    '# TYPE llamacpp:requests_processing gauge\nllamacpp:requests_processing 4\nllamacpp:requests_deferred 2\n';
  assert.deepEqual(readSignal('llamacpp', '/metrics', metrics), { running: 4, queued: 2 });
  const slots = [{ is_processing: true }, { is_processing: false }, { is_processing: true }];
  assert.deepEqual(readSignal('llamacpp', '/slots', slots), { slots: 3, running: 2 });
  const props = { total_slots: 4, default_generation_settings: { n_ctx: 2048 }, build_info: 'b6100-abc' };
  assert.deepEqual(readSignal('llamacpp', '/props', props), {
    slots: 4,
    contextLength: 2048,
    serverVersion: 'b6100-abc',
  });
  assert.equal(readSignal('llamacpp', '/slots', { error: { code: 501 } }), null);
});

test('vLLM and SGLang tell running, waiting and memory; labels and older names too', () => {
  const text = [
    '# HELP vllm:num_requests_running Number of requests',
    'vllm:num_requests_running{engine="0",model_name="a"} 3.0',
    'vllm:num_requests_running{engine="1",model_name="a"} 2.0',
    'vllm:num_requests_waiting{engine="0",model_name="a"} 7.0',
    'vllm:num_requests_waiting_by_reason{engine="0"} 99.0',
    'vllm:gpu_cache_usage_perc{engine="0"} 0.25',
  ].join('\n');
  assert.deepEqual(readSignal('vllm', '/metrics', text), { running: 5, queued: 7, kvUsage: 0.25 });
  const sglang =
    'sglang:num_running_reqs{m="a"} 1.0\nsglang:num_queue_reqs{m="a"} 4.0\nsglang:token_usage{m="a"} 0.5\n';
  assert.deepEqual(readSignal('sglang', '/metrics', sglang), { running: 1, queued: 4, kvUsage: 0.5 });
  assert.equal(readSignal('vllm', '/metrics', 'python_gc_objects_collected_total 1\n'), null);
});

test('vLLM tells the context length, and holds what it lists', () => {
  const [model] = profileOf('vllm').parseModels({
    object: 'list',
    data: [{ id: 'meta-llama/Llama-3.1-8B-Instruct', owned_by: 'vllm', max_model_len: 32768 }],
  });
  assert.equal(model?.contextLength, 32768);
  assert.equal(model?.resident, true);
});

test('Lemonade tells the quantisation in the checkpoint and the loaded model in its health', () => {
  const [model] = profileOf('lemonade').parseModels({
    data: [
      {
        id: 'Qwen3-8B-GGUF',
        checkpoint: 'unsloth/Qwen3-8B-GGUF:Q4_K_M',
        recipe: 'llamacpp',
        labels: ['reasoning'],
      },
    ],
  });
  assert.equal(model?.quantization, 'Q4_K_M');
  assert.equal(model?.kind, 'llm');
  const health = { status: 'ok', model_loaded: 'Qwen3-8B-GGUF' };
  assert.deepEqual(
    [...(readSignal('lemonade', '/api/v1/health', health)?.resident?.keys() ?? [])],
    ['Qwen3-8B-GGUF'],
  );
});

const garbage = fc.oneof(
  fc.jsonValue(),
  fc.record({ data: fc.array(fc.jsonValue()) }),
  fc.record({ models: fc.array(fc.jsonValue()) }),
  fc.record({
    data: fc.array(
      fc.record({ id: fc.anything(), meta: fc.anything(), state: fc.anything(), checkpoint: fc.anything() }),
    ),
  }),
  fc.record({
    models: fc.array(fc.record({ name: fc.anything(), details: fc.anything(), expires_at: fc.anything() })),
  }),
);

test('no parser throws on anything, and names are always texts', () => {
  fc.assert(
    fc.property(garbage, (body) => {
      for (const { parseModels, isModelList, details } of PROFILES) {
        isModelList(body);
        for (const model of parseModels(body)) {
          assert.equal(typeof model.name, 'string');
          assert.notEqual(model.name, '');
          if (details !== null) assert.equal(details.merge(model, body).name, model.name);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('no signal reader, health check or detection throws on any text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    garbage.map((value) => JSON.stringify(value) ?? ''),
  );
  fc.assert(
    fc.property(text, fc.integer({ min: 100, max: 599 }), (body, status) => {
      for (const { signals, checkHealth, checkModelsAccess, detect } of PROFILES) {
        for (const { parse } of signals) parse(body);
        checkHealth(answer(status, body));
        checkModelsAccess(answer(status, body));
        detect?.matches(new Map(detect.paths.map((path) => [path, answer(status, body)])));
      }
    }),
    { numRuns: 300 },
  );
});
