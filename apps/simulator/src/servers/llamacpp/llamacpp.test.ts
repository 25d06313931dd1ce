import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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
const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { enum: ['Oslo'] } } },
    },
  },
];

let fleet: SimulatedFleet;
let port: number;
before(async () => {
  fleet = await startSimulatedFleet({
    timeScale: 50,
    servers: [
      { name: 'llama', type: 'llamacpp', contextTokens: 2_048, models: ['tiny'] },
      {
        name: 'one-slot',
        type: 'llamacpp',
        slots: 1,
        models: [{ name: 'slow', decodeTps: 1, answerTokens: 1_000 }],
      },
      {
        name: 'two-slots',
        type: 'llamacpp',
        slots: 2,
        models: [{ name: 'slow', decodeTps: 20, answerTokens: 5_000 }],
      },
      { name: 'embed', type: 'llamacpp', models: [{ name: 'tiny-embed', kind: 'embeddings' }] },
      { name: 'locked', type: 'llamacpp', models: ['tiny'], apiKey: 'secret' },
      {
        name: 'loading',
        type: 'llamacpp',
        models: [{ name: 'tiny', loadS: 1_000_000 }],
        startsLoading: true,
      },
    ],
  });
  port = fleet.server('llama').port;
});
after(() => fleet.close());

const post = (path: string, body: unknown): Promise<RawResponse> => sendRaw(port, postRequest(path, body));

test('streams two events in the first chunk and [DONE] in its own, then closes the connection', async () => {
  const connection = connectRaw(port);
  connection.send(postRequest('/v1/chat/completions', { messages, max_tokens: 10, stream: true }));
  const response = await connection.response();
  assert.deepEqual(response.head, [
    ...[
      'Server: llama.cpp',
      'Access-Control-Allow-Origin: ',
      'X-Accel-Buffering: no',
      'Content-Type: text/event-stream',
    ],
    ...['Transfer-Encoding: chunked', 'Keep-Alive: timeout=5, max=100'],
  ]);
  assert.equal(response.chunks.length, 12);
  assert.equal(response.chunks[0]?.match(/data: /g)?.length, 2);
  assert.match(response.chunks[0] ?? '', /"delta":\{"role":"assistant","content":null\}/);
  assert.match(response.chunks[10] ?? '', /"finish_reason":"length".*"timings":\{"cache_n":0,/);
  assert.doesNotMatch(response.body, /"usage"/);
  assert.equal(response.chunks[11], 'data: [DONE]\n\n');
  assert.equal(await connection.closed, 'end');
});

test('sends the usage with the finish reason when the request asks for it', async () => {
  const response = await post('/v1/chat/completions', {
    messages,
    max_tokens: 3,
    stream: true,
    stream_options: { include_usage: true },
  });
  assert.match(
    response.chunks.at(-2) ?? '',
    /"finish_reason":"length".*\n\ndata: \{"choices":\[\],.*"usage":\{"completion_tokens":3,"prompt_tokens":\d+,/,
  );
});

test('ignores the model of the request and answers with its alias', async () => {
  const response = await post('/v1/chat/completions', { model: 'no-such-model', messages, max_tokens: 3 });
  const body = JSON.parse(response.body) as Record<string, unknown>;
  assert.deepEqual(Object.keys(body), [
    'choices',
    'created',
    'model',
    'system_fingerprint',
    'object',
    'usage',
    'id',
    'timings',
  ]);
  assert.equal(body['model'], 'tiny');
  assert.equal(response.header('keep-alive'), 'timeout=5, max=100');
});

test('streams tool calls in pieces of one character', async () => {
  const response = await post('/v1/chat/completions', { messages, tools, stream: true });
  const pieces = [...response.body.matchAll(/"arguments":("(?:[^"\\]|\\.)*")/g)].map(
    (match) => JSON.parse(match[1] as string) as string,
  );
  assert.equal(pieces.join(''), '{"city":"Oslo"}');
  assert.ok(pieces.every((piece) => piece.length === 1));
});

test('sends Connection: close with errors but keeps the socket open, except after a POST to an unknown path', async () => {
  const cases: [string, number, string, boolean][] = [
    [
      postRequest('/v1/chat/completions', ''),
      500,
      '[json.exception.parse_error.101] parse error at line 1, column 1: attempting to parse an empty input',
      false,
    ],
    [
      postRequest('/v1/chat/completions', '{"messages": ['),
      500,
      '[json.exception.parse_error.101] parse error at line 1, column 15',
      false,
    ],
    [postRequest('/v1/chat/completions', {}), 400, "'messages' is required", false],
    [
      postRequest('/v1/chat/completions', { messages: 'hi' }),
      400,
      "Expected 'messages' to be an array",
      false,
    ],
    [postRequest('/v1/embeddings', { input: 'x' }), 501, 'This server does not support embeddings', false],
    [getRequest('/api/tags'), 404, 'File Not Found', false],
    [getRequest('/v1/chat/completions'), 404, 'File Not Found', false],
    [postRequest('/v1/nothing', { a: 1 }), 404, 'File Not Found', true],
  ];
  for (const [request, status, message, closes] of cases) {
    const connection = connectRaw(port);
    connection.send(request);
    const response = await connection.response();
    assert.equal(response.status, status, request);
    assert.ok(response.body.includes(JSON.stringify(message).slice(1, -1)), response.body);
    assert.equal(response.head.at(-1), 'Connection: close');
    if (closes) assert.equal(await connection.closed, 'end');
    else {
      connection.send(getRequest('/health'));
      assert.equal((await connection.response()).body, '{"status":"ok"}');
      connection.destroy();
    }
  }
});

test('answers 400 before any stream when the prompt exceeds the context', async () => {
  const response = await post('/v1/chat/completions', {
    messages: [{ role: 'user', content: 'hello '.repeat(9_000) }],
    stream: true,
  });
  assert.equal(response.status, 400);
  const { error } = JSON.parse(response.body) as { error: Record<string, unknown> };
  assert.deepEqual([error['type'], error['n_ctx']], ['exceed_context_size_error', 2_048]);
});

test('closes a connection after its hundredth request', async () => {
  const connection = connectRaw(port);
  let response: RawResponse | undefined;
  for (let at = 1; at <= 100; at++) {
    connection.send(getRequest('/health'));
    response = await connection.response();
    if (at < 100) assert.equal(response.header('connection'), undefined);
  }
  assert.equal(response?.header('connection'), 'close');
  assert.equal(await connection.closed, 'end');
});

test('sends the head when a slot takes a request, keeps the next one waiting without a head, and reports both', async () => {
  const server = fleet.server('one-slot');
  const first = connectRaw(server.port);
  first.send(postRequest('/v1/chat/completions', { messages, stream: true }));
  assert.equal((await first.response({ headOnly: true })).status, 200);
  const second = connectRaw(server.port);
  second.send(postRequest('/v1/chat/completions', { messages, stream: true }));
  await waitUntil(() => server.snapshot().waiting === 1);
  assert.equal(second.pending, '');
  const metrics = await sendRaw(server.port, getRequest('/metrics'));
  assert.match(metrics.body, /llamacpp:requests_processing 1\n[^]*llamacpp:requests_deferred 1\n/);
  assert.equal((await sendRaw(server.port, getRequest('/slots?fail_on_no_slot=1'))).status, 503);
  assert.equal((await sendRaw(server.port, getRequest('/health'))).status, 200);
  first.destroy();
  assert.equal((await second.response({ headOnly: true })).status, 200);
  second.destroy();
  await waitUntil(() => server.snapshot().running === 0);
});

test('cancels a whole response whose client left on an idle server, and works on it beside a stream', async (t) => {
  const models = [{ name: 'slow', decodeTps: 20, answerTokens: 5_000 }];
  // Simulated time passes slowly here, so that a busy machine does not add up to a second without a token.
  const own = await startSimulatedFleet({
    timeScale: 5,
    servers: [{ name: 'llama', type: 'llamacpp', slots: 2, models }],
  });
  t.after(() => own.close());
  const server = own.server('llama');
  const whole = connectRaw(server.port);
  whole.send(postRequest('/v1/chat/completions', { messages }));
  await waitUntil(() => server.snapshot().running === 1);
  whole.destroy();
  await waitUntil(() => server.snapshot().running === 0);

  const stream = connectRaw(server.port);
  stream.send(postRequest('/v1/chat/completions', { messages, stream: true }));
  await stream.response({ headOnly: true });
  const left = connectRaw(server.port);
  left.send(postRequest('/v1/chat/completions', { messages }));
  await waitUntil(() => server.snapshot().running === 2);
  left.destroy();
  await waitUntil(() => server.snapshot().active === 1);
  // About two simulated seconds of tokens. A second without one would have freed the slot.
  await stream.received(stream.pending.length + 30 * 230);
  assert.equal(server.snapshot().running, 2);
  stream.destroy();
  await waitUntil(() => server.snapshot().running === 0);
});

test('serves embeddings, requires the API key, and answers 503 while the model loads', async () => {
  const embedded = await sendRaw(
    fleet.server('embed').port,
    postRequest('/v1/embeddings', { input: ['hello', 'world'] }),
  );
  assert.equal((JSON.parse(embedded.body) as { data: unknown[] }).data.length, 2);
  assert.ok(Number(embedded.header('content-length')) > 2_048, 'not chunked');
  const { port: locked } = fleet.server('locked');
  assert.equal(
    (await sendRaw(locked, getRequest('/v1/models'))).body,
    '{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}',
  );
  assert.equal(
    (await sendRaw(locked, getRequest('/v1/models', ['Authorization: Bearer secret']))).status,
    200,
  );
  assert.equal((await sendRaw(locked, getRequest('/health'))).status, 200);
  const loading = await sendRaw(fleet.server('loading').port, getRequest('/health'));
  assert.deepEqual(
    [loading.status, loading.body],
    [503, '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}'],
  );
});
