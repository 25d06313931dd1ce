import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { assertError, assertOnEveryResponse } from '@olla/testing/assert-response';
import { jsonResponse, chunk } from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { CHAT, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import {
  everyKindOfResponse,
  SERVERS,
  startContractFleet,
  SYSTEM,
  type ContractFleet,
  type ServerName,
} from './contract-fleet.ts';

interface Streamed {
  readonly type: string;
  readonly parts: readonly string[];
  readonly path?: string;
  readonly name?: ServerName;
}

// The title of each test is a line of the contract's page: see docs/contract.md.
describe('the contract: responses', () => {
  let fleet: ContractFleet;
  let port: number;
  const started = new Started();
  before(async () => {
    fleet = started.add(await startContractFleet());
    ({ port } = fleet.gateway);
  });
  after(() => started.stop());
  beforeEach(() => {
    for (const backend of Object.values(fleet.servers)) backend.requests.length = 0;
    fleet.setRespond(({ socket }) => void socket.write(jsonResponse({ ok: true })));
  });

  const get = (path: string, headers?: string[]): Promise<RawResponse> =>
    sendRaw(port, requestBytes('GET', path, headers));
  const chat = (name: ServerName, headers: string[] = [], path = CHAT): Promise<RawResponse> =>
    sendRaw(port, postBytes(`{"model":"${SERVERS[name].model}"}`, headers, path));
  const json = (response: RawResponse): Record<string, unknown> =>
    JSON.parse(response.text()) as Record<string, unknown>;

  test('JSON responses unless otherwise specified', async () => {
    for (const response of await everyKindOfResponse(port)) {
      if (response.status === 204) continue;
      assert.equal(response.header('content-type'), 'application/json', response.rawHead);
      if (response.pieces.length > 0) json(response);
    }
  });

  test('X-Olla-Request-ID on all responses', async () => {
    const responses = await everyKindOfResponse(port);
    const ids = responses.map((response) => {
      assertOnEveryResponse(response);
      return response.header('x-olla-request-id');
    });
    assert.equal(new Set(ids).size, ids.length, 'each id is unique');
  });

  test('X-Olla-Endpoint', async () => {
    for (const name of ['desk', 'studio', 'cards', 'compat'] as const)
      assert.equal((await chat(name)).header('x-olla-endpoint'), name);
  });

  test('X-Olla-Model', async () => {
    for (const name of ['desk', 'cards'] as const) {
      assert.equal((await chat(name)).header('x-olla-model'), SERVERS[name].model);
      const lower = SERVERS[name].model.toLowerCase();
      const response = await sendRaw(port, postBytes(`{"model":"${lower}"}`));
      assert.equal(response.header('x-olla-model'), SERVERS[name].model, 'the name at the endpoint');
    }
    assert.equal((await get('/olla/proxy/v1/files')).header('x-olla-model'), undefined);
  });

  test('X-Olla-Backend-Type (ollama/lmstudio/openai/vllm)', async () => {
    const words = { desk: 'ollama', studio: 'lmstudio', compat: 'openai', cards: 'vllm' } as const;
    for (const [name, word] of Object.entries(words))
      assert.equal((await chat(name as ServerName)).header('x-olla-backend-type'), word);
  });

  test('X-Olla-Response-Time (trailer)', async () => {
    fleet.setRespond(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab`);
      setTimeout(() => socket.write('cd'), 120);
    });
    const relayed = await chat('compat');
    assert.deepEqual([relayed.text(), relayed.complete], ['abcd', true]);
    assert.equal(relayed.header('content-length'), undefined);
    assert.equal(relayed.header('trailer'), 'X-Olla-Response-Time');
    assert.equal(relayed.header('x-olla-response-time'), undefined);
    assert.deepEqual(relayed.trailers.length, 1);
    const ms = /^(\d+)ms$/.exec(relayed.trailers[0]?.[1] ?? '')?.[1];
    assert.ok(Number(ms) >= 115, `covers the whole stream: ${ms}`);

    const old = await sendRaw(
      port,
      postBytes(`{"model":"compat-model"}`).toString().replace('HTTP/1.1', 'HTTP/1.0'),
    );
    assert.deepEqual([old.text(), old.header('content-length')], ['abcd', '4']);
    assert.deepEqual([old.header('trailer'), old.header('transfer-encoding')], [undefined, undefined]);

    for (const [method, status] of [
      ['HEAD', '200 OK'],
      ['GET', '204 No Content'],
      ['GET', '304 Not Modified'],
    ] as const) {
      fleet.setRespond(({ socket }) => void socket.write(`HTTP/1.1 ${status}\r\nX-Kept: yes\r\n\r\n`));
      const response = await sendRaw(port, requestBytes(method, '/olla/proxy/v1/files'));
      assert.match(response.header('x-olla-response-time') ?? '', /^\d+ms$/, status);
      assert.deepEqual(
        [response.header('trailer'), response.header('transfer-encoding')],
        [undefined, undefined],
      );
    }
    for (const path of SYSTEM)
      assert.match((await get(path)).header('x-olla-response-time') ?? '', /^\d+ms$/);
  });

  test('200 Success', async () => {
    for (const path of [...SYSTEM, '/olla/models']) assert.equal((await get(path)).status, 200, path);
    assert.equal((await chat('compat')).status, 200);
  });

  test('400 Bad Request', async () => {
    assertError(await sendRaw(port, postBytes('not json')), 400, 'INVALID_JSON');
    assertError(await sendRaw(port, postBytes('{"model":1}')), 400, 'INVALID_MODEL');
    assertError(await sendRaw(port, 'GET /x y HTTP/1.1\r\n\r\n'), 400, 'BAD_REQUEST');
  });

  test('404 Not Found', async () => {
    for (const path of ['/', '/olla', '/olla/nope/v1/models', '/no/such/path', '/internal/nope', '/versions'])
      assertError(await get(path), 404, 'NOT_FOUND');
    assertError(await sendRaw(port, postBytes('{"model":"no-such"}')), 404, 'MODEL_NOT_FOUND');
    assertError(await get('/olla/models/no-such'), 404, 'MODEL_NOT_FOUND');
  });

  test('500 Internal Server Error', async () => {
    const { message } = assertError(
      await get('/internal/status?own-fault', ['X-Request-ID: fault-1']),
      500,
      'INTERNAL',
    );
    assert.match(message, /fault-1/);
    assert.doesNotMatch(message, /secret/);
    await waitFor(() => /"level":"error".*fault-1.*secret\.ts/.test(fleet.gateway.process.output), {
      describe: 'the cause in the log',
    });
    assert.equal((await get('/internal/status')).status, 200, 'the worker goes on');
  });

  test('502 Bad Gateway', async () => {
    fleet.setRespond(({ socket }) => void socket.destroy());
    assert.match(assertError(await chat('compat'), 502, 'BACKEND_ERROR').message, /compat/);
  });

  test('503 Service Unavailable', async () => {
    const { message } = assertError(
      await waitFor(
        async () => {
          const response = await chat('gone');
          return response.status === 503 ? response : null;
        },
        {
          describe: 'the endpoint to be offline in the status',
        },
      ),
      503,
      'MODEL_UNAVAILABLE',
    );
    assert.match(message, /gone/);
  });

  test('{"error":{"message","type","code"}}', async () => {
    const errors = (await everyKindOfResponse(port)).filter(({ status }) => status >= 400);
    assert.ok(errors.length >= 8);
    for (const response of errors) {
      const { code } = (json(response)['error'] ?? {}) as { code: string };
      assertError(response, response.status, code);
    }
  });

  const EVENTS = ['data: {"n":1}\n\n', 'data: {"n":2}\n\n', 'data: [DONE]\n\n'];
  const LINES = ['{"n":1,"done":false}\n', '{"n":2,"done":true}\n'];
  const streamed = async ({ type, parts, path = CHAT, name = 'compat' }: Streamed): Promise<RawResponse> => {
    fleet.setRespond(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      for (const part of parts) socket.write(chunk(part));
      socket.write('0\r\n\r\n');
    });
    const response = await sendRaw(
      port,
      postBytes(`{"model":"${SERVERS[name].model}","stream":true}`, [], path),
    );
    assert.equal(response.complete, true);
    assert.equal(response.text(), parts.join(''));
    return response;
  };
  test('Content-Type: text/event-stream for SSE streams', async () => {
    const response = await streamed({ type: 'text/event-stream', parts: EVENTS });
    assert.equal(response.header('content-type'), 'text/event-stream');
  });
  test('Transfer-Encoding: chunked for HTTP streaming', async () => {
    for (const type of ['text/event-stream', 'application/x-ndjson', 'audio/mpeg']) {
      const response = await streamed({ type, parts: EVENTS });
      assert.equal(response.header('transfer-encoding'), 'chunked');
      assert.equal(response.header('content-type'), type);
    }
  });
  test('Line-delimited JSON for data chunks', async () => {
    const response = await streamed({
      type: 'application/x-ndjson',
      parts: LINES,
      path: '/olla/ollama/api/chat',
      name: 'desk',
    });
    assert.equal(response.header('content-type'), 'application/x-ndjson');
    for (const line of response.text().trimEnd().split('\n')) JSON.parse(line);
  });

  const onEveryResponse = async (name: string, value: RegExp): Promise<void> => {
    for (const response of await everyKindOfResponse(port))
      assert.match(response.header(name) ?? '', value, response.rawHead);
  };
  test('Access-Control-Allow-Origin: *', () => onEveryResponse('Access-Control-Allow-Origin', /^\*$/));
  test('Access-Control-Allow-Methods: GET, POST, OPTIONS', () =>
    onEveryResponse('Access-Control-Allow-Methods', /^GET, POST, OPTIONS$/));
  test('Access-Control-Allow-Headers: Content-Type, Authorization', async () => {
    await onEveryResponse('Access-Control-Allow-Headers', /^Content-Type, Authorization$/);
    const headers = ['Origin: http://a.test', 'Access-Control-Request-Method: POST'];
    headers.push('Access-Control-Request-Headers: content-type, x-stainless-lang');
    const preflight = await sendRaw(port, requestBytes('OPTIONS', CHAT, headers));
    assert.equal(preflight.status, 204);
    assert.equal(
      preflight.header('access-control-allow-headers'),
      'Content-Type, Authorization, x-stainless-lang',
    );
  });
});
