import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { assertError, assertOnEveryResponse } from '@olla/testing/assert-response';
import type { Gateway } from '@olla/testing/olla-process';
import {
  chunk,
  jsonResponse,
  startRawBackend,
  whenComplete,
  type Respond,
  type RawBackend,
} from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { CHAT, postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { Ollama } from 'ollama';
import OpenAI, { APIError, InternalServerError, NotFoundError, RateLimitError } from 'openai';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'broken';
const OLLAMA_MODEL = 'broken:1b';
const SSE = 'Content-Type: text/event-stream';
const NDJSON = 'Content-Type: application/x-ndjson';
const EVENT = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'half' } }] })}\n\n`;

describe('answers that break off, and backends that fail', () => {
  let backend: RawBackend;
  let ollama: RawBackend;
  let gateway: Gateway;
  before(async () => {
    backend = await startRawBackend({ models: [MODEL] });
    ollama = await startRawBackend({ models: [], respond: respondAsOllama(() => undefined) });
    gateway = await startGatewayFor({
      endpoints: [
        endpointConfig('frail', backend),
        endpointConfig('frail-ollama', ollama, { type: 'ollama' }),
      ],
      models: [MODEL, OLLAMA_MODEL],
      workers: 1,
      config: { proxy: { response_header_timeout: '400ms', read_timeout: '400ms' } },
    });
  });
  after(async () => {
    await gateway.stop();
    await backend.close();
    await ollama.close();
  });

  const answering = (answer: Respond): void => {
    backend.respond = (request) => whenComplete(request, () => answer(request));
  };
  /** Sends these bytes, then breaks the connection. */
  const dieAfter = (head: readonly string[], ...pieces: (string | Buffer)[]): void =>
    answering(({ socket }) => {
      socket.write(['HTTP/1.1 200 OK', ...head, '', ''].join('\r\n'));
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
  const ask = (path = CHAT): Promise<RawResponse> =>
    sendRaw(gateway.port, postBytes(`{"model":"${MODEL}","stream":true}`, [], path));
  /** Nothing but this test sends it failures; it is in service for each. */
  const inService = (): Promise<unknown> =>
    waitFor(async () => (await fetch(`${gateway.url}/internal/health`)).status === 200, {
      describe: 'the endpoint to be in service',
    });

  for (const [name, half, gap] of [
    ['at the end of an event', EVENT, '\n'],
    ['within an event', `${EVENT}data: {"id":"c","cho`, '\n\n'],
  ] as const)
    test(`an event stream that breaks off ${name}: an error event, and no end`, async () => {
      await inService();
      dieAfter([SSE, 'Transfer-Encoding: chunked'], chunk(half));
      const response = await ask();
      assert.equal(response.status, 200);
      assert.equal(response.complete, false);
      assertOnEveryResponse(response);
      assert.equal(response.header('x-olla-endpoint'), 'frail');
      assert.ok(response.text().startsWith(half), 'what came stays as it was');
      const event = response.text().slice(half.length);
      assert.ok(event.startsWith(`${gap}event: error\ndata: {"error":{`), event);
      assert.ok(event.endsWith('\n\n'));
      const data = JSON.parse(event.slice(event.indexOf('data: ') + 6)) as { error: { code: string } };
      assert.equal(data.error.code, 'BACKEND_ERROR');
    });

  test('an event stream that falls silent: BACKEND_TIMEOUT', async () => {
    await inService();
    answering(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${SSE}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(EVENT)}`);
    });
    const response = await ask();
    assert.equal(response.complete, false);
    assert.match(response.text(), /event: error\ndata: .*"code":"BACKEND_TIMEOUT"/);
  });

  test('NDJSON that breaks off: a line {"error": …}, and no end', async () => {
    await inService();
    dieAfter([NDJSON, 'Transfer-Encoding: chunked'], chunk('{"half":1}\n{"ha'));
    const response = await ask();
    assert.equal(response.complete, false);
    const lines = response.text().split('\n');
    assert.deepEqual(lines.slice(0, 2), ['{"half":1}', '{"ha']);
    assert.match((JSON.parse(lines[2] as string) as { error: string }).error, /frail broke off/);
  });

  test('a body that has no place for an error only misses its end', async () => {
    await inService();
    dieAfter(['Content-Type: application/json', 'Content-Length: 100'], '{"half":');
    const json = await ask();
    assert.deepEqual([json.text(), json.complete], ['{"half":', false]);

    await inService();
    const packed = gzipSync(EVENT).subarray(0, 20);
    dieAfter([SSE, 'Content-Encoding: gzip', 'Content-Length: 100'], packed);
    const gzip = await ask();
    assert.equal(gzip.complete, false);
    assert.ok(Buffer.concat(gzip.pieces.map(({ data }) => data)).equals(packed));
  });

  test('HTTP/1.0: bytes that were counted are not filled up with an error', async () => {
    await inService();
    dieAfter([SSE, `Content-Length: ${EVENT.length + 10}`], EVENT);
    const body = `{"model":"${MODEL}"}`;
    const response = await sendRaw(
      gateway.port,
      `POST ${CHAT} HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(response.complete, false);
    assert.ok(EVENT.startsWith(response.text()));
  });

  test('502: a backend that closes before it answers', async () => {
    await inService();
    answering(({ socket }) => void socket.destroy());
    assert.match(assertError(await ask(), 502, 'BACKEND_ERROR').message, /frail/);
  });

  test('502: a backend that does not speak HTTP', async () => {
    await inService();
    answering(({ socket }) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n'));
    assert.match(assertError(await ask(), 502, 'BACKEND_ERROR').message, /frail/);
  });

  test('504: a backend that does not answer in time', async () => {
    await inService();
    answering(() => {});
    const { message, type } = assertError(await ask(), 504, 'BACKEND_TIMEOUT');
    assert.match(message, /frail.*proxy\.response_header_timeout/);
    assert.equal(type, 'timeout_error');
  });

  test("a backend's own errors pass as they are, its Retry-After too", async () => {
    for (const status of [
      '400 Bad Request',
      '404 Not Found',
      '429 Too Many Requests',
      '500 Oops',
      '503 Busy',
    ]) {
      await inService();
      answering(({ socket }) => {
        socket.write(jsonResponse('{"error": "own  words"}', status, ['Retry-After: 7']));
      });
      const response = await ask();
      assert.equal(response.status, Number(status.slice(0, 3)));
      assert.equal(response.text(), '{"error": "own  words"}');
      assert.equal(response.header('retry-after'), '7');
      assertOnEveryResponse(response);
    }
  });

  test('the official OpenAI client sees each of these as an error', async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/olla/openai/v1`, apiKey: 'none', maxRetries: 0 });
    const stream = async (model = MODEL): Promise<string> => {
      const messages = [{ role: 'user' as const, content: 'hi' }];
      let text = '';
      for await (const part of await client.chat.completions.create({ model, stream: true, messages }))
        text += part.choices[0]?.delta.content ?? '';
      return text;
    };
    await inService();
    dieAfter([SSE, 'Transfer-Encoding: chunked'], chunk(EVENT));
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
    await inService();
    answering(({ socket }) => void socket.destroy());
    await assert.rejects(stream(), (error: APIError) => {
      assert.ok(error instanceof InternalServerError);
      assert.deepEqual([error.status, error.code], [502, 'BACKEND_ERROR']);
      return true;
    });
    await inService();
    answering(
      ({ socket }) => void socket.write(jsonResponse({ error: { message: 'slow down' } }, '429 Slow')),
    );
    await assert.rejects(stream(), RateLimitError);
  });

  test('the official Ollama client sees each of these as an error', async () => {
    const client = new Ollama({ host: `${gateway.url}/olla/ollama` });
    const stream = async (model: string): Promise<void> => {
      for await (const part of await client.chat({ model, stream: true, messages: [] })) void part;
    };
    ollama.respond = respondAsOllama(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${NDJSON}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      socket.end(chunk('{"message":{"content":"half"},"done":false}\n'));
    });
    await assert.rejects(stream(OLLAMA_MODEL), /frail-ollama broke off/);
    await assert.rejects(stream('unheard-of'), (error: Error & { status_code: number; error: unknown }) => {
      assert.equal(error.name, 'ResponseError');
      assert.equal(error.status_code, 404);
      const { code, message } = error.error as { code: string; message: string };
      assert.equal(code, 'MODEL_NOT_FOUND');
      assert.match(message, /unheard-of/);
      return true;
    });
  });
});

/** Answers the probes of an Ollama with one model; other requests as given. */
function respondAsOllama(answer: Respond): Respond {
  return (request) => {
    const { method, socket } = request;
    if (method !== 'GET') return whenComplete(request, () => answer(request));
    socket.write(jsonResponse({ version: '0.6.4', models: [{ name: OLLAMA_MODEL, model: OLLAMA_MODEL }] }));
  };
}
