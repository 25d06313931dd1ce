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
      parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Paris', 'Oslo'] } } },
    },
  },
];

let fleet: SimulatedFleet;
let port: number;
before(async () => {
  fleet = await startSimulatedFleet({
    timeScale: 50,
    servers: [
      {
        name: 'ollama',
        type: 'ollama',
        slots: 1,
        contextTokens: 4_096,
        models: [
          { name: 'tiny:1b', loaded: true },
          'other:1b',
          { name: 'tiny-embed', kind: 'embeddings' },
          { name: 'endless', decodeTps: 1, answerTokens: 4_000 },
        ],
      },
      { name: 'full', type: 'ollama', queueLimit: 0, models: ['tiny:1b'] },
    ],
  });
  port = fleet.server('ollama').port;
});
after(() => fleet.close());

const post = (path: string, body: unknown): Promise<RawResponse> => sendRaw(port, postRequest(path, body));
const json = (response: RawResponse): Record<string, unknown> =>
  JSON.parse(response.body) as Record<string, unknown>;

test('streams a chat as NDJSON, one object per chunk, with counts and durations in the last', async () => {
  const response = await post('/api/chat', {
    model: 'tiny:1b',
    messages,
    options: { num_predict: 10, seed: 1 },
  });
  assert.deepEqual(response.headerNames, ['Content-Type', 'Date', 'Transfer-Encoding']);
  assert.equal(response.header('content-type'), 'application/x-ndjson');
  assert.equal(response.chunks.length, 11);
  const lines = response.chunks.map((chunk) => JSON.parse(chunk) as Record<string, unknown>);
  assert.ok(response.chunks.every((chunk) => chunk.endsWith('}\n')));
  assert.deepEqual(Object.keys(lines[0] as object), ['model', 'created_at', 'message', 'done']);
  const last = lines.at(-1) as Record<string, unknown>;
  assert.deepEqual(Object.keys(last), [
    ...['model', 'created_at', 'message', 'done', 'done_reason', 'total_duration', 'load_duration'],
    ...['prompt_eval_count', 'prompt_eval_duration', 'eval_count', 'eval_duration'],
  ]);
  assert.equal(last['done_reason'], 'length');
  assert.equal(last['eval_count'], 10);
  assert.ok((last['total_duration'] as number) > (last['eval_duration'] as number));
});

test('answers a chat without stream with a length and the same text', async () => {
  const body = { model: 'tiny:1b', messages, options: { num_predict: 5, seed: 1 } };
  const whole = await post('/api/chat', { ...body, stream: false });
  assert.deepEqual(whole.head.slice(0, 1), ['Content-Type: application/json; charset=utf-8']);
  assert.equal(Number(whole.header('content-length')), whole.body.length);
  const streamed = await post('/api/chat', body);
  const said = streamed.chunks
    .map((chunk) => (JSON.parse(chunk) as { message: { content: string } }).message.content)
    .join('');
  assert.equal((json(whole)['message'] as { content: string }).content, said);
});

test('sends finish reason, usage and [DONE] in the last chunk of an OpenAI stream', async () => {
  const body = { model: 'tiny:1b', messages, max_tokens: 4, stream: true };
  const response = await post('/v1/chat/completions', { ...body, stream_options: { include_usage: true } });
  assert.equal(response.header('content-type'), 'text/event-stream');
  assert.equal(response.chunks.length, 5);
  assert.match(response.chunks[0] ?? '', /"delta":\{"role":"assistant","content":"/);
  assert.match(
    response.chunks.at(-1) ?? '',
    /"finish_reason":"length"\}\]\}\n\ndata: .*"choices":\[\],"usage":\{"prompt_tokens":\d+,"completion_tokens":4,.*\}\n\ndata: \[DONE\]\n\n$/,
  );
  const plain = await post('/v1/chat/completions', body);
  assert.doesNotMatch(plain.body, /usage/);
});

test('sends each tool call in one piece', async () => {
  const native = await post('/api/chat', { model: 'tiny:1b', messages, tools });
  assert.equal(native.chunks.length, 1);
  const call = (
    json(native)['message'] as { tool_calls: { function: { name: string; arguments: object } }[] }
  ).tool_calls[0];
  assert.equal(call?.function.name, 'get_weather');
  assert.equal(typeof call?.function.arguments, 'object');
  const openai = await post('/v1/chat/completions', { model: 'tiny:1b', messages, tools, stream: true });
  assert.equal(openai.chunks.length, 1);
  assert.match(openai.body, /"arguments":"\{\\"city\\":.*"finish_reason":"tool_calls".*\[DONE\]/s);
});

test('sends each error with the status, the message and the shape of the API that was used', async () => {
  const cases: [string, unknown, number, string][] = [
    ['/api/chat', '{"model": "tiny", "messages": [', 400, '{"error":"unexpected EOF"}'],
    ['/api/chat', '', 400, '{"error":"missing request body"}'],
    [
      '/api/chat',
      { model: 'tiny', messages: 'hi' },
      400,
      '{"error":"json: cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message"}',
    ],
    ['/api/chat', { messages }, 400, '{"error":"model is required"}'],
    ['/api/chat', { model: 'nope', messages }, 404, `{"error":"model 'nope' not found"}`],
    ['/api/show', { model: 'nope' }, 404, `{"error":"model 'nope:latest' not found"}`],
    [
      '/api/embed',
      { model: 'nope', input: 'x' },
      404,
      '{"error":"model \\"nope\\" not found, try pulling it first"}',
    ],
    [
      '/api/embed',
      { model: 'tiny:1b', input: 'x' },
      501,
      '{"error":"This server does not support embeddings. Start it with `--embeddings`"}',
    ],
    [
      '/api/generate',
      { model: 'tiny:1b', prompt: 'x', options: { temperature: 'hot' } },
      500,
      '{"error":"option \\"temperature\\" must be of type float32"}',
    ],
    [
      '/v1/chat/completions',
      '',
      400,
      '{"error":{"message":"EOF","type":"invalid_request_error","param":null,"code":null}}',
    ],
    [
      '/v1/chat/completions',
      { model: 'nope', messages },
      404,
      `{"error":{"message":"model 'nope' not found","type":"not_found_error","param":null,"code":null}}`,
    ],
    ['/v1/nothing', { a: 1 }, 404, '404 page not found'],
  ];
  for (const [path, body, status, text] of cases) {
    const response = await post(path, body);
    assert.deepEqual([response.status, response.body], [status, text], `${path} ${JSON.stringify(body)}`);
  }
  const messagesError = await post('/v1/messages', { model: 'nope', messages, max_tokens: 5 });
  assert.match(
    messagesError.body,
    /^\{"type":"error","error":\{"type":"not_found_error","message":"model 'nope' not found"\},"request_id":"req_[0-9a-f]{24}"\}$/,
  );
});

test("answers 400 with the runner's JSON as a string when a prompt exceeds the context, and truncates it in /api/generate", async () => {
  const long = 'hello '.repeat(9_000);
  const chat = await post('/api/chat', {
    model: 'tiny:1b',
    messages: [{ role: 'user', content: long }],
    stream: false,
  });
  assert.equal(chat.status, 400);
  const inner = JSON.parse(json(chat)['error'] as string) as { error: { type: string; n_ctx: number } };
  assert.deepEqual([inner.error.type, inner.error.n_ctx], ['exceed_context_size_error', 4_096]);
  const generate = await post('/api/generate', {
    model: 'tiny:1b',
    prompt: long,
    stream: false,
    options: { num_predict: 2 },
  });
  assert.equal(generate.status, 200);
  assert.ok((json(generate)['prompt_eval_count'] as number) <= 4_096);
});

test('answers 503 at once when the queue is full', async () => {
  const response = await sendRaw(
    fleet.server('full').port,
    postRequest('/v1/chat/completions', { model: 'tiny:1b', messages }),
  );
  assert.equal(response.status, 503);
  assert.match(
    response.body,
    /"message":"server busy, please try again. {2}maximum pending requests exceeded","type":"api_error"/,
  );
});

test('refuses wrong methods and foreign hosts and origins, and redirects surplus slashes', async () => {
  const cases: [string, number, string | undefined, string][] = [
    [getRequest('/api/chat'), 405, 'POST', '405 method not allowed'],
    [getRequest('/api/tags', [], 'DELETE'), 405, 'HEAD, GET', '405 method not allowed'],
    [getRequest('/api/tags/'), 301, undefined, '<a href="/api/tags">Moved Permanently</a>.\n\n'],
    [getRequest('//api/tags'), 307, undefined, '<a href="/api/tags">Temporary Redirect</a>.\n\n'],
    [getRequest('/api/tags', ['Origin: http://app.example']), 403, undefined, ''],
    ['GET /api/tags HTTP/1.1\r\nHost: gateway.example\r\n\r\n', 403, undefined, ''],
    ['GET /api/version HTTP/1.1\r\nHost: 10.0.0.5:11434\r\n\r\n', 200, undefined, '{"version":"0.33.0-rc2"}'],
  ];
  for (const [request, status, allow, body] of cases) {
    const response = await sendRaw(port, request);
    assert.deepEqual(
      [response.status, response.header('allow'), response.body],
      [status, allow, body],
      request,
    );
  }
  const head = await sendRaw(port, getRequest('/api/tags', [], 'HEAD'), { headOnly: true });
  assert.deepEqual(head.headerNames, ['Content-Type', 'Date']);
});

test('sends a body above 2 KiB chunked and keeps the connection', async () => {
  const connection = connectRaw(port);
  connection.send(postRequest('/api/embed', { model: 'tiny-embed', input: ['hello', 'world'] }));
  const first = await connection.response();
  assert.equal(first.header('transfer-encoding'), 'chunked');
  assert.equal(first.chunks.length, 1);
  connection.send(getRequest('/'));
  assert.equal((await connection.response()).body, 'Ollama is running');
  connection.destroy();
});

test('sends the same floats as numbers and as base64', async () => {
  const floats = await post('/v1/embeddings', { model: 'tiny-embed', input: 'hello' });
  const base64 = await post('/v1/embeddings', {
    model: 'tiny-embed',
    input: 'hello',
    encoding_format: 'base64',
  });
  const vectorOf = (response: RawResponse): unknown =>
    (json(response)['data'] as { embedding: unknown }[])[0]?.embedding;
  const decoded = Buffer.from(vectorOf(base64) as string, 'base64');
  const vector = new Float32Array(decoded.buffer, decoded.byteOffset, decoded.length / 4);
  assert.deepEqual([...vector], (vectorOf(floats) as number[]).map(Math.fround));
});

test('loads a model for an empty prompt, unloads it with keep_alive 0, and shows it in /api/ps', async () => {
  const resident = async (): Promise<string[]> =>
    (json(await sendRaw(port, getRequest('/api/ps')))['models'] as { name: string }[]).map(
      (model) => model.name,
    );
  assert.equal(json(await post('/api/generate', { model: 'other:1b' }))['done_reason'], 'load');
  assert.ok((await resident()).includes('other:1b'));
  assert.equal(
    json(await post('/api/generate', { model: 'other:1b', keep_alive: 0 }))['done_reason'],
    'unload',
  );
  assert.ok(!(await resident()).includes('other:1b'));
});

test('lists a pulled model, and does not list a deleted one', async () => {
  const names = async (): Promise<string[]> =>
    (json(await sendRaw(port, getRequest('/v1/models')))['data'] as { id: string }[]).map(
      (model) => model.id,
    );
  const pull = await post('/api/pull', { model: 'fresh' });
  const states = pull.chunks.map((chunk) => (JSON.parse(chunk) as { status: string }).status);
  assert.deepEqual([states[0], states.at(-1)], ['pulling manifest', 'success']);
  assert.ok((await names()).includes('fresh:latest'));
  const body = JSON.stringify({ model: 'fresh' });
  const deleted = await sendRaw(
    port,
    `DELETE /api/delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  assert.equal(deleted.status, 200);
  assert.ok(!(await names()).includes('fresh:latest'));
});

test('frees the slot for the next request when a client leaves', async () => {
  const server = fleet.server('ollama');
  server.resetCounters();
  const long = connectRaw(port);
  long.send(postRequest('/api/chat', { model: 'endless', messages }));
  await long.received(1);
  const waiting = connectRaw(port);
  waiting.send(postRequest('/api/chat', { model: 'endless', messages, options: { num_predict: 1 } }));
  await waitUntil(() => server.snapshot().waiting === 1);
  assert.equal(waiting.pending, '', 'no head before the first token');
  long.destroy();
  assert.equal((await waiting.response()).status, 200);
  waiting.destroy();
  await waitUntil(() => server.snapshot().counters.clientLeft === 1);
});
