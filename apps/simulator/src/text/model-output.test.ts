import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawEmbedding, shortestFloat, toBase64 } from './embedding.ts';
import { readGenerationRequest } from './generation-request.ts';
import { drawOutput, type OutputOptions } from './model-output.ts';

const options: OutputOptions = { seed: 1, answerTokens: [20, 40], contextTokens: 1_000, callsTools: true };
const messages = [{ role: 'user', content: 'hello' }];
const tools = [
  {
    type: 'function',
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { days: { type: 'integer', minimum: 1, maximum: 3 } } },
    },
  },
];
const draw = (body: Record<string, unknown>, rest: Partial<OutputOptions> = {}) =>
  drawOutput(readGenerationRequest(body, 'openai'), { ...options, ...rest });

test('draws the same output for the same request and seed, and another for another seed', () => {
  assert.deepEqual(draw({ messages }), draw({ messages }));
  assert.notEqual(draw({ messages }).text, draw({ messages, seed: 9 }).text);
  assert.notEqual(draw({ messages }).text, draw({ messages }, { seed: 2 }).text);
});

test('ends within its range of lengths, at the token limit or at the end of the context', () => {
  const free = draw({ messages });
  assert.equal(free.finish, 'stop');
  assert.ok(free.pieces.length >= 20 && free.pieces.length <= 40);
  assert.equal(free.pieces.join(''), free.text);
  const cut = draw({ messages, max_tokens: 5 });
  assert.deepEqual([cut.finish, cut.pieces.length], ['length', 5]);
  assert.equal(draw({ messages }, { contextTokens: 24 }).finish, 'length');
});

test('calls an offered tool once, with arguments that fit its schema', () => {
  const called = draw({ messages, tools });
  assert.equal(called.finish, 'tool_calls');
  const { days } = called.toolCalls[0]?.args as { days: number };
  assert.ok(Number.isInteger(days) && days >= 1 && days <= 3);
  assert.equal(called.pieces.join(''), called.toolCalls[0]?.argsText);
  assert.equal(draw({ messages, tools, tool_choice: 'none' }).finish, 'stop');
  assert.equal(draw({ messages: [...messages, { role: 'tool', content: 'rain' }], tools }).finish, 'stop');
  assert.equal(draw({ messages, tools }, { callsTools: false }).finish, 'stop');
});

test('draws JSON that fits a requested schema', () => {
  const schema = {
    type: 'object',
    properties: {
      ok: { type: 'boolean' },
      tags: { type: 'array', items: { type: 'string' } },
      kind: { enum: ['a', 'b'] },
    },
  };
  const output = draw({ messages, response_format: { type: 'json_schema', json_schema: { schema } } });
  const value = JSON.parse(output.text) as { ok: unknown; tags: unknown[]; kind: string };
  assert.equal(typeof value.ok, 'boolean');
  assert.equal(typeof value.tags[0], 'string');
  assert.ok(['a', 'b'].includes(value.kind));
});

test('renders a prompt that starts with the previous turn’s prompt and output', () => {
  const first = readGenerationRequest({ messages }, 'openai').promptText;
  const next = readGenerationRequest(
    { messages: [...messages, { role: 'assistant', content: ' fine' }, { role: 'user', content: 'and?' }] },
    'openai',
  );
  assert.ok(next.promptText.startsWith(`${first} fine`));
});

test('reads the fields of each dialect', () => {
  const ollama = readGenerationRequest(
    { model: 'm', prompt: 'x', options: { num_predict: 7, seed: 3 } },
    'ollama',
  );
  assert.deepEqual([ollama.stream, ollama.maxTokens, ollama.seed], [true, 7, 3]);
  const anthropic = readGenerationRequest(
    {
      system: 'be kind',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      max_tokens: 4,
      tools: [{ name: 't', input_schema: {} }],
      tool_choice: { type: 'any' },
    },
    'anthropic',
  );
  assert.match(anthropic.promptText, /be kind.*hi/s);
  assert.deepEqual([anthropic.stream, anthropic.toolChoice, anthropic.tools[0]?.name], [false, 'any', 't']);
  assert.equal(readGenerationRequest({ prompt: 'x', n_predict: -1 }, 'llamacpp').maxTokens, undefined);
});

test('draws embeddings that are unit vectors of 32-bit floats', () => {
  const vector = drawEmbedding('hello', 64);
  assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
  assert.ok(
    vector.every((value) => Math.fround(value) === value && Math.fround(shortestFloat(value)) === value),
  );
  assert.equal(Buffer.from(toBase64(vector), 'base64').readFloatLE(4), vector[1]);
});
