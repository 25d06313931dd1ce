import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ServerType } from '../../fleet-spec.ts';
import { startSimulatedFleet, type SimulatedFleet } from '../../simulated-fleet.ts';
import {
  sendRaw,
  getRequest,
  connectRaw,
  postRequest,
  type RawResponse,
} from '../../../testing/raw-connection.ts';
import { waitUntil } from '../../../testing/wait-until.ts';

const messages = [{ role: 'user', content: 'Say something short.' }];
const openAiTypes: readonly [ServerType, string, string, string][] = [
  ['openai-compatible', '/v1', '/v1/models', '"data":[{"id":"tiny"'],
  ['sglang', '/v1', '/metrics', 'sglang:num_running_reqs{'],
  ['lmdeploy', '/v1', '/health', ''],
  ['lemonade', '/api/v1', '/api/v1/health', '"model_loaded":'],
  ['litellm', '/v1', '/health/liveliness', `"I'm alive!"`],
  ['docker-model-runner', '/engines/v1', '/engines/v1/models', '"id":"tiny"'],
  ['omlx', '/v1', '/health', 'healthy'],
  ['vllm-mlx', '/v1', '/health', 'healthy'],
];

let fleet: SimulatedFleet;
before(async () => {
  fleet = await startSimulatedFleet({
    timeScale: 100,
    servers: [
      {
        name: 'vllm',
        type: 'vllm',
        slots: 1,
        contextTokens: 4_096,
        models: [{ name: 'org/tiny', decodeTps: 3, answerTokens: 4_000 }],
      },
      { name: 'studio', type: 'lm-studio', models: [{ name: 'tiny', loaded: true }, 'cold'] },
      ...openAiTypes.map(([type]) => ({ name: type, type, models: ['tiny'] })),
    ],
  });
});
after(() => fleet.close());

const get = (name: string, path: string): Promise<RawResponse> =>
  sendRaw(fleet.server(name).port, getRequest(path));
const post = (name: string, path: string, body: unknown): Promise<RawResponse> =>
  sendRaw(fleet.server(name).port, postRequest(path, body));

test('vLLM: sends lower-case header names, max_model_len and an empty health body', async () => {
  const models = await get('vllm', '/v1/models');
  assert.deepEqual(models.headerNames, ['date', 'server', 'content-type', 'content-length']);
  const [model] = (JSON.parse(models.body) as { data: Record<string, unknown>[] }).data;
  assert.deepEqual(
    [model?.['id'], model?.['owned_by'], model?.['max_model_len']],
    ['org/tiny', 'vllm', 4_096],
  );
  const health = await get('vllm', '/health');
  assert.deepEqual([health.status, health.body], [200, '']);
});

test('vLLM: streams the role, one chunk per token and [DONE], and the usage only when requested', async () => {
  const body = { model: 'org/tiny', messages, max_tokens: 3, stream: true };
  const plain = await post('vllm', '/v1/chat/completions', body);
  assert.equal(plain.chunks.length, 1 + 3 + 1 + 1);
  assert.match(plain.chunks[0] ?? '', /"delta":\{"role":"assistant","content":""\}/);
  assert.equal(plain.chunks.at(-1), 'data: [DONE]\n\n');
  assert.doesNotMatch(plain.body, /"usage"/);
  const counted = await post('vllm', '/v1/chat/completions', {
    ...body,
    stream_options: { include_usage: true },
  });
  assert.match(
    counted.chunks.at(-2) ?? '',
    /"choices":\[\],"usage":\{"prompt_tokens":\d+,"total_tokens":\d+,"completion_tokens":3\}/,
  );
});

test('vLLM: answers errors with its own messages', async () => {
  const unknown = await post('vllm', '/v1/chat/completions', { model: 'nope', messages });
  assert.deepEqual(JSON.parse(unknown.body), {
    error: { message: 'The model `nope` does not exist.', type: 'NotFoundError', param: 'model', code: 404 },
  });
  const long = await post('vllm', '/v1/chat/completions', {
    model: 'org/tiny',
    messages: [{ role: 'user', content: 'x'.repeat(20_000) }],
  });
  assert.equal(long.status, 400);
  assert.match(long.body, /maximum context length is 4096 tokens/);
  assert.equal((await post('vllm', '/v1/chat/completions', '{"mod')).status, 400);
  assert.deepEqual(
    [(await get('vllm', '/nope')).body, (await get('vllm', '/v1/chat/completions')).status],
    ['{"detail":"Not Found"}', 405],
  );
});

test('vLLM: sends the head when a slot takes a request, none to a waiting one, and counts both in /metrics', async () => {
  const { port } = fleet.server('vllm');
  const body = postRequest('/v1/chat/completions', { model: 'org/tiny', messages, stream: true });
  const [running, waiting] = [connectRaw(port), connectRaw(port)];
  running.send(body);
  await running.response({ headOnly: true });
  waiting.send(body);
  await waitUntil(() => fleet.server('vllm').snapshot().waiting === 1);
  const metrics = await get('vllm', '/metrics');
  assert.match(metrics.body, /vllm:num_requests_running\{[^}]*\} 1\.0\n/);
  assert.match(metrics.body, /vllm:num_requests_waiting\{[^}]*\} 1\.0\n/);
  assert.equal(waiting.pending, '');
  running.destroy();
  assert.equal((await waiting.response({ headOnly: true })).status, 200);
  waiting.destroy();
});

test('LM Studio: reports the state of each model, and loads one at its first request', async () => {
  const states = async (): Promise<string[]> =>
    (JSON.parse((await get('studio', '/api/v0/models')).body) as { data: { state: string }[] }).data.map(
      (model) => model.state,
    );
  assert.deepEqual(await states(), ['loaded', 'not-loaded']);
  const response = await post('studio', '/v1/chat/completions', { model: 'cold', messages, max_tokens: 2 });
  assert.equal(response.status, 200);
  assert.equal(response.head[0], 'X-Powered-By: Express');
  assert.deepEqual(await states(), ['loaded', 'loaded']);
});

test('LM Studio: answers an unknown path with 200 and an error in the body', async () => {
  const response = await get('studio', '/');
  assert.deepEqual(
    [response.status, response.body],
    [200, '{"error":"Unexpected endpoint or method. (GET /)"}'],
  );
});

test('serves the load signal of each other type, and the OpenAI API under its base path', async () => {
  for (const [type, base, signal, expected] of openAiTypes) {
    const signalled = await get(type, signal);
    assert.equal(signalled.status, 200, type);
    assert.ok(signalled.body.includes(expected), `${type}: ${signalled.body}`);
    const listed = await get(type, `${base}/models`);
    assert.match(listed.body, /"id":"tiny"/, type);
    const response = await post(type, `${base}/chat/completions`, {
      model: 'tiny',
      messages,
      max_tokens: 2,
      stream: true,
    });
    assert.match(response.body, /data: \[DONE\]\n\n$/, type);
  }
});

test('serves the Anthropic API and count_tokens only for the types that have them', async () => {
  const paths: [string, string, boolean][] = [
    ['vllm', '/v1', true],
    ['studio', '/v1', false],
    ['vllm-mlx', '/v1', true],
    ['litellm', '/v1', false],
    ['docker-model-runner', '/anthropic/v1', true],
    ['omlx', '/v1', false],
  ];
  for (const [name, prefix, counts] of paths) {
    const body = { model: name === 'vllm' ? 'org/tiny' : 'tiny', messages, max_tokens: 2 };
    const whole = JSON.parse((await post(name, `${prefix}/messages`, body)).body) as Record<string, unknown>;
    assert.deepEqual([whole['type'], whole['stop_reason']], ['message', 'max_tokens'], name);
    const streamed = await post(name, `${prefix}/messages`, { ...body, stream: true });
    const events = streamed.chunks.map((chunk) => /^event: (\w+)\n/.exec(chunk)?.[1]);
    assert.deepEqual(events, [
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta'],
      ...['content_block_stop', 'message_delta', 'message_stop'],
    ]);
    const counted = await post(name, `${prefix}/messages/count_tokens`, body);
    assert.equal(counted.body.includes('"input_tokens":'), counts, `${name}: ${counted.body}`);
  }
  assert.equal((await post('sglang', '/v1/messages', { messages, max_tokens: 1 })).status, 404);
});
