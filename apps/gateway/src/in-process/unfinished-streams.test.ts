import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatusBody } from '@olla/admin-api/schema/status';
import { chunk, whenComplete, type Respond } from '@olla/testing/raw-backend';
import { CHAT, postBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'm';
const SSE = 'text/event-stream';
const NDJSON = 'application/x-ndjson';
const HALF = 'data: {"choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}\n\n';
const DONE = 'data: [DONE]\n\n';

/** A whole response on the wire. */
const stream =
  (type: string, ...chunks: readonly string[]): Respond =>
  (request) =>
    whenComplete(request, () => {
      request.socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      for (const text of chunks) request.socket.write(chunk(text));
      request.socket.write('0\r\n\r\n');
    });
const body = `{"model":"${MODEL}","stream":true}`;
const chatAs = (id: string): Buffer => postBytes(body, [`X-Request-ID: ${id}`]);
const countsOf = ({ system, endpoints }: StatusBody): unknown[] => [
  system.total_requests,
  system.total_failures,
  endpoints.map(({ status }) => status),
];

describe('a stream that ends correctly on the wire but without its end mark', () => {
  for (const [dialect, path, type, sent, error] of [
    [
      'chat completions',
      CHAT,
      SSE,
      HALF,
      /\nevent: error\ndata: \{"error":\{"message":"endpoint only ended /,
    ],
    ['completions', '/olla/openai/v1/completions', SSE, HALF, /\nevent: error\ndata: \{"error":\{"message":/],
    [
      'Messages',
      '/olla/ollama/v1/messages',
      SSE,
      'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n',
      /\nevent: error\ndata: \{"type":"error","error":\{"type":"api_error","message":/,
    ],
    [
      'Responses',
      '/olla/openai/v1/responses',
      SSE,
      'event: response.output_text.delta\ndata: {"type":"response.output_text.delta"}\n\n',
      /\nevent: error\ndata: \{"type":"error","code":"BACKEND_ERROR","message":/,
    ],
    [
      "Ollama's chat",
      '/olla/ollama/api/chat',
      NDJSON,
      '{"done":false}\n',
      /\n\{"error":"endpoint only ended /,
    ],
    [
      "Ollama's generate",
      '/olla/ollama/api/generate',
      NDJSON,
      '{"done":false}\n',
      /\n\{"error":"endpoint only /,
    ],
    ['chat completions with nothing in it', CHAT, SSE, '', /^\nevent: error\n/],
  ] as const)
    test(`ends with an error of its dialect, is a failure, and does not eject: ${dialect}`, async (t) => {
      const { gateway, backends, send, status } = await startWithBackends(t, {
        only: { models: [MODEL], type: 'ollama' },
      });
      backends.only.respond = stream(type, ...(sent === '' ? [] : [sent]));
      const response = await send(postBytes(body, ['X-Request-ID: cut'], path));
      assert.equal(response.status, 200);
      assert.equal(response.complete, true);
      assert.ok(response.text().startsWith(sent));
      assert.match(response.text(), error);
      assert.equal((await gateway.log.request('cut'))['truncated'], true);
      assert.deepEqual(countsOf(await status()), [1, 1, ['healthy']]);
    });

  test('is unchanged if the endpoint has sent three whole responses without one, and none with one', async (t) => {
    const { gateway, backends, send, status } = await startWithBackends(t, { only: { models: [MODEL] } });
    backends.only.respond = stream(SSE, HALF);
    for (let i = 0; i < 3; i += 1) assert.match((await send(chatAs(String(i)))).text(), /event: error/);
    const response = await send(chatAs('fourth'));
    assert.equal(response.text(), HALF);
    assert.equal((await gateway.log.request('fourth'))['truncated'], undefined);
    assert.deepEqual(countsOf(await status()), [4, 3, ['healthy']]);
    backends.only.respond = stream(SSE, HALF, DONE);
    assert.equal((await send(chatAs('marked'))).text(), HALF + DONE);
    backends.only.respond = stream(SSE, HALF);
    assert.match((await send(chatAs('cut'))).text(), /event: error/);
  });
});

describe('a stream that is not checked', () => {
  for (const [what, path, type, chunks] of [
    ['with its mark', CHAT, SSE, [HALF, DONE]],
    ['with its mark in pieces', CHAT, SSE, [HALF, 'data: [DO', 'NE]\n\n']],
    ['with a finish reason', CHAT, SSE, ['data: {"choices":[{"finish_reason":"stop"}]}\n\n']],
    ["with the backend's own error", CHAT, SSE, [HALF, 'data: {"error":{"message":"out of memory"}}\n\n']],
    ['of a path whose ends are not known', '/olla/ollama/completion', SSE, [HALF]],
    ['of another path in NDJSON', '/olla/ollama/api/embed', NDJSON, ['{"status":"success"}\n']],
  ] as const)
    test(`${what}`, async (t) => {
      const { backends, send, status } = await startWithBackends(t, {
        only: { models: [MODEL], type: 'ollama' },
      });
      backends.only.respond = stream(type, ...chunks);
      const response = await send(postBytes(body, [], path));
      assert.equal(response.text(), chunks.join(''));
      assert.deepEqual(countsOf(await status()), [1, 0, ['healthy']]);
    });
});
