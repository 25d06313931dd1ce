import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { startSimulator, type Simulator } from '@olla/testing/simulator-process';
import { Started } from '@olla/testing/started';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { waitForModel, startGatewayFor } from './start-gateway-for.ts';

/** One server of each type in the API page, and llama.cpp, with models that no other server has. */
const FLEET = {
  desk: { type: 'ollama', model: 'llama3.1:8b', embedding: 'nomic-embed-text:latest' },
  studio: { type: 'lm-studio', model: 'qwen3-14b', embedding: 'text-embedding-nomic-embed-text-v1.5' },
  cards: { type: 'vllm', model: 'meta-llama/Llama-3.1-8B-Instruct', embedding: null },
  cpp: { type: 'llamacpp', model: 'gemma-3-4b-it-q4_k_m', embedding: null },
  compat: { type: 'openai-compatible', model: 'mistral-small-24b', embedding: 'bge-m3' },
} as const;

/** Each prefix with its server and the word in X-Olla-Backend-Type. */
const PREFIXES: [prefix: string, server: keyof typeof FLEET, backendType: string][] = [
  ['ollama', 'desk', 'ollama'],
  ['lmstudio', 'studio', 'lmstudio'],
  ['lm-studio', 'studio', 'lmstudio'],
  ['lm_studio', 'studio', 'lmstudio'],
  ['vllm', 'cards', 'vllm'],
  ['llamacpp', 'cpp', 'llamacpp'],
  ['llama-cpp', 'cpp', 'llamacpp'],
  ['openai', 'compat', 'openai'],
  ['openai-compatible', 'compat', 'openai'],
];

const WEATHER_TOOL = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'Current weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const QUESTION = [{ role: 'user' as const, content: 'What is the weather in Paris?' }];

describe('each provider with the official clients', () => {
  let fleet: Simulator;
  let gateway: Gateway;
  const started = new Started();
  before(async () => {
    fleet = started.add(
      await startSimulator({
        timeScale: 50,
        servers: Object.entries(FLEET).map(([name, { type, model, embedding }]) => ({
          name,
          type,
          // At this time scale, the default keep-alive of an idle model would end within seconds.
          keepAliveS: 100_000,
          models: [
            { name: model, loaded: true, tools: true, answerTokens: 12 },
            ...(embedding === null ? [] : [{ name: embedding, kind: 'embeddings' }]),
          ],
        })),
      }),
    );
    gateway = started.add(
      await startGatewayFor({
        endpoints: fleet.servers.map(({ name, url, type }) => ({ name, url, type, check_interval: '500ms' })),
      }),
    );
    for (const { model, embedding } of Object.values(FLEET)) {
      await waitForModel(gateway, model);
      if (embedding !== null) await waitForModel(gateway, embedding);
    }
  });
  after(() => started.stop());

  const openai = (prefix: string): OpenAI =>
    new OpenAI({ baseURL: `${gateway.url}/olla/${prefix}/v1`, apiKey: 'none', maxRetries: 0 });

  for (const [prefix, server, backendType] of PREFIXES) {
    test(`relays OpenAI chats at /olla/${prefix}, whole and streaming`, async () => {
      const { model } = FLEET[server];
      const request = { model, messages: QUESTION, max_tokens: 8 };
      const { data, response } = await openai(prefix).chat.completions.create(request).withResponse();
      assert.ok(data.choices[0]?.message.content);
      assert.equal(data.object, 'chat.completion');
      assert.equal(response.headers.get('x-olla-endpoint'), server);
      assert.equal(response.headers.get('x-olla-backend-type'), backendType);
      assert.ok(response.headers.get('x-olla-request-id'));

      const stream = await openai(prefix).chat.completions.create({
        ...request,
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      let tokens: number | undefined;
      let finish: string | null | undefined;
      for await (const event of stream) {
        text += event.choices[0]?.delta.content ?? '';
        finish = event.choices[0]?.finish_reason ?? finish;
        tokens = event.usage?.completion_tokens ?? tokens;
      }
      assert.ok(text.length > 0);
      assert.ok(finish === 'length' || finish === 'stop', String(finish));
      assert.ok(tokens !== undefined && tokens > 0 && tokens <= 8, String(tokens));
    });

    test(`lists only the models of its servers at /olla/${prefix}/v1/models`, async () => {
      const ids = (await openai(prefix).models.list()).data.map(({ id }) => id);
      for (const [name, { model }] of Object.entries(FLEET)) {
        // /olla/openai reaches every OpenAI-capable server.
        const expected = name === server || backendType === 'openai';
        assert.equal(ids.includes(model), expected, `${model} in ${ids.join(' ')}`);
      }
    });
  }

  test('reaches the models of every OpenAI-capable server at /olla/openai', async () => {
    for (const [name, { model }] of Object.entries(FLEET)) {
      const { response } = await openai('openai')
        .chat.completions.create({ model, messages: QUESTION, max_tokens: 4 })
        .withResponse();
      assert.equal(response.headers.get('x-olla-endpoint'), name);
      assert.equal(response.headers.get('x-olla-model'), model);
    }
  });

  test('answers at the root of Ollama, which its command line requests first', async () => {
    const response = await fetch(`${gateway.url}/olla/ollama/`, { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(await (await fetch(`${gateway.url}/olla/ollama`)).text(), 'Ollama is running');
  });

  test('relays embeddings', async () => {
    for (const { embedding } of Object.values(FLEET)) {
      if (embedding === null) continue;
      const { data } = await openai('openai').embeddings.create({ model: embedding, input: ['one', 'two'] });
      assert.equal(data.length, 2);
      assert.ok((data[0]?.embedding.length ?? 0) > 8);
    }
  });

  test('relays tool calls, whole and streaming', async () => {
    for (const [prefix, server] of PREFIXES.slice(0, 8)) {
      const request = {
        model: FLEET[server].model,
        messages: QUESTION,
        tools: [WEATHER_TOOL],
        tool_choice: 'required' as const,
      };
      const whole = await openai(prefix).chat.completions.create(request);
      const call = whole.choices[0]?.message.tool_calls?.[0];
      assert.ok(call?.type === 'function', `${prefix}: ${JSON.stringify(whole.choices)}`);
      assert.equal(call.function.name, 'get_weather');
      assert.ok('city' in (JSON.parse(call.function.arguments) as object));

      let name = '';
      let args = '';
      for await (const event of await openai(prefix).chat.completions.create({ ...request, stream: true })) {
        const part = event.choices[0]?.delta.tool_calls?.[0]?.function;
        name += part?.name ?? '';
        args += part?.arguments ?? '';
      }
      assert.equal(name, 'get_weather', prefix);
      assert.ok('city' in (JSON.parse(args) as object));
    }
  });

  describe('the Ollama client', () => {
    const { model, embedding } = FLEET.desk;
    let ollama: Ollama;
    before(() => {
      ollama = new Ollama({ host: `${gateway.url}/olla/ollama` });
    });

    test('chats, whole and streaming', async () => {
      const whole = await ollama.chat({ model, messages: QUESTION, options: { num_predict: 6 } });
      assert.ok(whole.message.content && whole.done && whole.eval_count > 0);
      let text = '';
      let done = false;
      for await (const part of await ollama.chat({
        model,
        messages: QUESTION,
        stream: true,
        options: { num_predict: 6 },
      })) {
        text += part.message.content;
        done = part.done;
      }
      assert.ok(text.length > 0 && done);
    });

    test('generates, calls tools and embeds', async () => {
      let text = '';
      for await (const part of await ollama.generate({
        model,
        prompt: 'Say hello',
        stream: true,
        options: { num_predict: 4 },
      }))
        text += part.response;
      assert.ok(text.length > 0);
      const { message } = await ollama.chat({ model, messages: QUESTION, tools: [WEATHER_TOOL] });
      assert.equal(message.tool_calls?.[0]?.function.name, 'get_weather');
      const { embeddings } = await ollama.embed({ model: embedding, input: ['a', 'b', 'c'] });
      assert.equal(embeddings.length, 3);
    });

    test('lists, shows and rejects models', async () => {
      const names = (await ollama.list()).models.map(({ name }) => name);
      assert.deepEqual([...names].sort(), [model, embedding].sort());
      assert.ok((await ollama.ps()).models.some(({ name }) => name === model));
      assert.ok((await ollama.show({ model })).details.family);
      assert.ok((await ollama.version()).version);
      await assert.rejects(ollama.chat({ model: 'no-such-model', messages: QUESTION }), { status_code: 404 });
    });
  });
});
