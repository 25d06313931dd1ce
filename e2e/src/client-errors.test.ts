import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import {
  chunk,
  jsonResponse,
  startRawBackend,
  whenComplete,
  type Respond,
  type RawBackend,
} from '@olla/testing/raw-backend';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { Ollama } from 'ollama';
import OpenAI, { APIError, InternalServerError, NotFoundError, RateLimitError } from 'openai';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'broken';
const OLLAMA_MODEL = 'broken:1b';
const SSE = 'Content-Type: text/event-stream';
const NDJSON = 'Content-Type: application/x-ndjson';
const EVENT = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'half' } }] })}\n\n`;

describe('failures as the official clients see them', () => {
  let backend: RawBackend;
  let ollama: RawBackend;
  let gateway: Gateway;
  const started = new Started();
  before(async () => {
    backend = started.add(await startRawBackend({ models: [MODEL] }));
    ollama = started.add(await startRawBackend({ models: [], respond: respondAsOllama(() => undefined) }));
    gateway = started.add(
      await startGatewayFor({
        endpoints: [
          endpointConfig('frail', backend),
          endpointConfig('frail-ollama', ollama, { type: 'ollama' }),
        ],
        models: [MODEL, OLLAMA_MODEL],
        workers: 1,
      }),
    );
  });
  after(() => started.stop());

  /** Waits until the endpoint serves again after an earlier failure. */
  const waitUntilServing = (): Promise<unknown> =>
    waitFor(async () => (await fetch(`${gateway.url}/internal/health`)).status === 200, {
      describe: 'the endpoint to serve',
    });
  const respondWith = async (respond: Respond): Promise<void> => {
    await waitUntilServing();
    backend.respond = (request) => whenComplete(request, () => respond(request));
  };

  test('the OpenAI client throws for a stream that breaks off, an unknown model, 502 and 429', async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/olla/openai/v1`, apiKey: 'none', maxRetries: 0 });
    const stream = async (model = MODEL): Promise<string> => {
      const messages = [{ role: 'user' as const, content: 'hi' }];
      let text = '';
      for await (const part of await client.chat.completions.create({ model, stream: true, messages }))
        text += part.choices[0]?.delta.content ?? '';
      return text;
    };
    await respondWith(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${SSE}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      socket.end(chunk(EVENT));
    });
    await assert.rejects(stream(), (error: APIError) => {
      assert.ok(error instanceof APIError);
      assert.equal(error.code, 'BACKEND_ERROR');
      assert.match(error.message, /frail broke off/);
      return true;
    });
    await assert.rejects(stream('unheard-of'), (error: APIError) => {
      assert.ok(error instanceof NotFoundError);
      assert.deepEqual([error.code, error.type], ['MODEL_NOT_FOUND', 'not_found_error']);
      assert.match(error.message, /unheard-of/);
      return true;
    });
    await respondWith(({ socket }) => void socket.destroy());
    await assert.rejects(stream(), (error: APIError) => {
      assert.ok(error instanceof InternalServerError);
      assert.deepEqual([error.status, error.code], [502, 'BACKEND_ERROR']);
      return true;
    });
    await respondWith(
      ({ socket }) => void socket.write(jsonResponse({ error: { message: 'slow down' } }, '429 Slow')),
    );
    await assert.rejects(stream(), RateLimitError);
  });

  test('the Ollama client throws for a stream that breaks off and an unknown model', async () => {
    const client = new Ollama({ host: `${gateway.url}/olla/ollama` });
    const stream = async (model: string): Promise<void> => {
      for await (const part of await client.chat({ model, stream: true, messages: [] })) void part;
    };
    ollama.respond = respondAsOllama(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${NDJSON}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      socket.end(chunk('{"message":{"content":"half"},"done":false}\n'));
    });
    await assert.rejects(stream(OLLAMA_MODEL), /frail-ollama broke off/);
    await assert.rejects(stream('unheard-of'), (error: Error & { status_code: number }) => {
      assert.equal(error.name, 'ResponseError');
      assert.equal(error.status_code, 404);
      assert.match(error.message, /no endpoint has the model "unheard-of"/);
      return true;
    });
  });
});

/** Responds to the probes of an Ollama server with one model, and to other requests as given. */
function respondAsOllama(respond: Respond): Respond {
  return (request) => {
    const { method, socket } = request;
    if (method !== 'GET') return whenComplete(request, () => respond(request));
    socket.write(jsonResponse({ version: '0.6.4', models: [{ name: OLLAMA_MODEL, model: OLLAMA_MODEL }] }));
  };
}
