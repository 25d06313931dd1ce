import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Fleet } from '../../fleet.ts';
import { startFleet } from '../../start-fleet.ts';
import { askRaw, getRequest, openRaw, postRequest, type RawAnswer } from '../../testing/raw-exchange.ts';
import { until } from '../../testing/until.ts';

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

let fleet: Fleet;
let port: number;
before(async () => {
  fleet = await startFleet({
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

const post = (path: string, body: unknown): Promise<RawAnswer> => askRaw(port, postRequest(path, body));

test('a stream: two events in the first chunk, [DONE] in its own, then the connection closes', async () => {
  const connection = openRaw(port);
  connection.send(postRequest('/v1/chat/completions', { messages, max_tokens: 10, stream: true }));
  const answer = await connection.answer();
  assert.deepEqual(answer.head, [
    ...[
      'Server: llama.cpp',
      'Access-Control-Allow-Origin: ',
      'X-Accel-Buffering: no',
      'Content-Type: text/event-stream',
    ],
    ...['Transfer-Encoding: chunked', 'Keep-Alive: timeout=5, max=100'],
  ]);
  assert.equal(answer.chunks.length, 12);
  assert.equal(answer.chunks[0]?.match(/data: /g)?.length, 2);
  assert.match(answer.chunks[0] ?? '', /"delta":\{"role":"assistant","content":null\}/);
  assert.match(answer.chunks[10] ?? '', /"finish_reason":"length".*"timings":\{"cache_n":0,/);
  assert.doesNotMatch(answer.body, /"usage"/);
  assert.equal(answer.chunks[11], 'data: [DONE]\n\n');
  assert.equal(await connection.closed, 'end');
});

test('usage comes with the finish when asked for', async () => {
  const answer = await post('/v1/chat/completions', {
    messages,
    max_tokens: 3,
    stream: true,
    stream_options: { include_usage: true },
  });
  assert.match(
    answer.chunks.at(-2) ?? '',
    /"finish_reason":"length".*\n\ndata: \{"choices":\[\],.*"usage":\{"completion_tokens":3,"prompt_tokens":\d+,/,
  );
});

test('the model field is not checked, and the alias answers', async () => {
  const answer = await post('/v1/chat/completions', { model: 'no-such-model', messages, max_tokens: 3 });
  const body = JSON.parse(answer.body) as Record<string, unknown>;
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
  assert.equal(answer.header('keep-alive'), 'timeout=5, max=100');
});

test('tool calls come in pieces of one character', async () => {
  const answer = await post('/v1/chat/completions', { messages, tools, stream: true });
  const pieces = [...answer.body.matchAll(/"arguments":("(?:[^"\\]|\\.)*")/g)].map(
    (match) => JSON.parse(match[1] as string) as string,
  );
  assert.equal(pieces.join(''), '{"city":"Oslo"}');
  assert.ok(pieces.every((piece) => piece.length === 1));
});

test('errors say Connection: close and leave the socket open, but for a POST that nobody reads', async () => {
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
    const connection = openRaw(port);
    connection.send(request);
    const answer = await connection.answer();
    assert.equal(answer.status, status, request);
    assert.ok(answer.body.includes(JSON.stringify(message).slice(1, -1)), answer.body);
    assert.equal(answer.head.at(-1), 'Connection: close');
    if (closes) assert.equal(await connection.closed, 'end');
    else {
      connection.send(getRequest('/health'));
      assert.equal((await connection.answer()).body, '{"status":"ok"}');
      connection.destroy();
    }
  }
});

test('a prompt beyond the context is a 400 before any stream', async () => {
  const answer = await post('/v1/chat/completions', {
    messages: [{ role: 'user', content: 'hello '.repeat(9_000) }],
    stream: true,
  });
  assert.equal(answer.status, 400);
  const { error } = JSON.parse(answer.body) as { error: Record<string, unknown> };
  assert.deepEqual([error['type'], error['n_ctx']], ['exceed_context_size_error', 2_048]);
});

test('the hundredth request of a connection is its last', async () => {
  const connection = openRaw(port);
  let answer: RawAnswer | undefined;
  for (let at = 1; at <= 100; at++) {
    connection.send(getRequest('/health'));
    answer = await connection.answer();
    if (at < 100) assert.equal(answer.header('connection'), undefined);
  }
  assert.equal(answer?.header('connection'), 'close');
  assert.equal(await connection.closed, 'end');
});

test('a taken slot sends its head at once; the next request waits without one, and the signals show it', async () => {
  const server = fleet.server('one-slot');
  const first = openRaw(server.port);
  first.send(postRequest('/v1/chat/completions', { messages, stream: true }));
  assert.equal((await first.answer({ headOnly: true })).status, 200);
  const second = openRaw(server.port);
  second.send(postRequest('/v1/chat/completions', { messages, stream: true }));
  await until(() => server.snapshot().waiting === 1);
  assert.equal(second.pending, '');
  const metrics = await askRaw(server.port, getRequest('/metrics'));
  assert.match(metrics.body, /llamacpp:requests_processing 1\n[^]*llamacpp:requests_deferred 1\n/);
  assert.equal((await askRaw(server.port, getRequest('/slots?fail_on_no_slot=1'))).status, 503);
  assert.equal((await askRaw(server.port, getRequest('/health'))).status, 200);
  first.destroy();
  assert.equal((await second.answer({ headOnly: true })).status, 200);
  second.destroy();
  await until(() => server.snapshot().running === 0);
});

test('a whole answer whose client left: cancelled on an idle server, worked on beside a stream', async (t) => {
  const models = [{ name: 'slow', decodeTps: 20, answerTokens: 5_000 }];
  // Slow enough that a busy machine does not make a second of silence.
  const own = await startFleet({
    timeScale: 5,
    servers: [{ name: 'llama', type: 'llamacpp', slots: 2, models }],
  });
  t.after(() => own.close());
  const server = own.server('llama');
  const whole = openRaw(server.port);
  whole.send(postRequest('/v1/chat/completions', { messages }));
  await until(() => server.snapshot().running === 1);
  whole.destroy();
  await until(() => server.snapshot().running === 0);

  const stream = openRaw(server.port);
  stream.send(postRequest('/v1/chat/completions', { messages, stream: true }));
  await stream.answer({ headOnly: true });
  const left = openRaw(server.port);
  left.send(postRequest('/v1/chat/completions', { messages }));
  await until(() => server.snapshot().running === 2);
  left.destroy();
  await until(() => server.snapshot().active === 1);
  // Some two simulated seconds of the stream's tokens; one of silence would have freed the slot.
  await stream.arrived(stream.pending.length + 30 * 230);
  assert.equal(server.snapshot().running, 2);
  stream.destroy();
  await until(() => server.snapshot().running === 0);
});

test('embeddings, a key, and a server that still loads', async () => {
  const embedded = await askRaw(
    fleet.server('embed').port,
    postRequest('/v1/embeddings', { input: ['hello', 'world'] }),
  );
  assert.equal((JSON.parse(embedded.body) as { data: unknown[] }).data.length, 2);
  assert.ok(Number(embedded.header('content-length')) > 2_048, 'never chunked');
  const { port: locked } = fleet.server('locked');
  assert.equal(
    (await askRaw(locked, getRequest('/v1/models'))).body,
    '{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}',
  );
  assert.equal(
    (await askRaw(locked, getRequest('/v1/models', ['Authorization: Bearer secret']))).status,
    200,
  );
  assert.equal((await askRaw(locked, getRequest('/health'))).status, 200);
  const loading = await askRaw(fleet.server('loading').port, getRequest('/health'));
  assert.deepEqual(
    [loading.status, loading.body],
    [503, '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}'],
  );
});
