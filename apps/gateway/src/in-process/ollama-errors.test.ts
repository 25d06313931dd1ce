import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertOllamaError } from '@olla/testing/assert-response';
import type { RawResponse } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const SPECS = { only: { models: ['m'], type: 'ollama' } } as const;

describe("an error of the gateway on Ollama's own API", () => {
  test("has Ollama's form, and its code in a header, from every part of the gateway", async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS, {
      config: { server: { request_limits: { max_body_size: '1KB' } } },
    });
    const chat = (body: string): Promise<RawResponse> => send(postBytes(body, [], '/olla/ollama/api/chat'));
    assertOllamaError(await chat('{"model":"unknown-model"}'), 404, 'MODEL_NOT_FOUND');
    assertOllamaError(await chat('nonsense'), 400, 'INVALID_JSON');
    assertOllamaError(await chat(JSON.stringify({ model: 'm', x: 'x'.repeat(2000) })), 413, 'BODY_TOO_LARGE');
    assertOllamaError(await send(requestBytes('TRACE', '/olla/ollama/api/tags')), 405, 'METHOD_NOT_ALLOWED');
    backends.only.respond = ({ socket }) => socket.resetAndDestroy();
    assertOllamaError(await chat('{"model":"m"}'), 502, 'BACKEND_ERROR');
  });

  test("has the contract's form everywhere else, also on Ollama's OpenAI routes", async (t) => {
    const { send } = await startWithBackends(t, SPECS);
    for (const path of [
      '/olla/ollama/v1/chat/completions',
      '/olla/openai/v1/chat/completions',
      '/olla/proxy/api/chat',
    ]) {
      const response = await send(postBytes('{"model":"unknown-model"}', [], path));
      const { error } = JSON.parse(response.text()) as { error: { code: string } };
      assert.equal(error.code, 'MODEL_NOT_FOUND', path);
      assert.equal(response.header('x-olla-error-code'), undefined);
    }
  });
});
