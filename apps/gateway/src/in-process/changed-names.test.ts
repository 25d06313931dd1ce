import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertOllamaError } from '@olla/testing/assert-response';
import { chunk, jsonResponse } from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { callBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { FakeOllama, progress } from '../../testing/fake-ollama.ts';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

interface Started extends GatewayWithBackends<'a' | 'b'> {
  readonly a: FakeOllama;
  /** A call to the worker with this index. */
  call(worker: number, method: string, path: string, body: object): Promise<RawResponse>;
}

const COPY = { digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', sizeBytes: 1_000 };

/** Three workers without an agent, so that only calls change names. */
async function start(t: TestContext, config: object = {}): Promise<Started> {
  const a = new FakeOllama('precious:latest', 'scratch:latest');
  const b = new FakeOllama('other:latest');
  const started = await startWithBackends(
    t,
    {
      a: {
        type: 'ollama',
        models: [...a.names].map((name) => ({ name, ...COPY, contextLength: 8_192 })),
        respond: a.respond,
        config: { priority: 200 },
      },
      b: { type: 'ollama', models: [...b.names], respond: b.respond },
    },
    { workers: 3, config: { ...config } },
  );
  return {
    ...started,
    a,
    call: (worker, method, path, body) =>
      sendRaw(started.gateway.ports[worker] ?? assert.fail(), callBytes(method, `/olla/ollama${path}`, body)),
  };
}

const listed = async (ports: readonly number[], path: string): Promise<string[]> => {
  const lists = await Promise.all(
    ports.map((port) => sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n`)),
  );
  return lists.map((list) => list.text());
};

describe('a model that was just made', () => {
  for (const [path, body] of [
    ['/api/copy', { source: 'precious', destination: 'new1' }],
    ['/api/create', { model: 'new1', from: 'precious' }],
    ['/api/create', { model: '', name: 'new1', from: 'precious' }],
    ['/api/pull', { model: 'new1' }],
    ['/api/pull', { name: 'library/new1:latest' }],
  ] as const)
    test(`is known to every worker when the call has its response: ${path} ${JSON.stringify(body)}`, async (t) => {
      const { call, gateway } = await start(t);
      const made = await call(0, 'POST', path, body);
      assert.equal(made.status, 200, made.text());
      for (const worker of [0, 1, 2])
        for (const use of ['/api/show', '/api/chat', '/api/generate']) {
          const used = await call(worker, 'POST', use, { model: 'new1' });
          assert.deepEqual(
            [used.status, used.header('x-olla-model')],
            [200, 'new1:latest'],
            `${worker} ${use}`,
          );
        }
      for (const path of ['/olla/ollama/api/tags', '/olla/models', '/olla/openai/v1/models'])
        for (const list of await listed(gateway.ports, path)) assert.match(list, /"new1:latest"/);
      const copied = await call(1, 'POST', '/api/copy', { source: 'new1', destination: 'new2:v1' });
      assert.equal(copied.status, 200);
      assert.equal((await call(2, 'DELETE', '/api/delete', { model: 'new1' })).status, 200);
      assert.equal((await call(0, 'POST', '/api/chat', { model: 'new2:v1' })).status, 200);
      assertOllamaError(await call(0, 'POST', '/api/chat', { model: 'new2' }), 404, 'MODEL_NOT_FOUND');
    });

  test('has the properties of the model that it copies', async (t) => {
    const { call, get } = await start(t);
    await call(0, 'POST', '/api/copy', { source: 'precious', destination: 'new1' });
    const { models } = await get<{ models: { name: string; digest: string; details: object }[] }>(
      '/olla/ollama/api/tags',
    );
    const copy = models.find(({ name }) => name === 'new1:latest') ?? assert.fail();
    assert.deepEqual(
      [copy.digest, copy.details],
      [COPY.digest, models.find(({ name }) => name === 'precious:latest')?.details],
    );
  });

  test('stays known over snapshots of lists that were made before', async (t) => {
    const { call, gateway } = await start(t);
    await call(0, 'POST', '/api/copy', { source: 'precious', destination: 'new1' });
    await gateway.agent.publish();
    await gateway.agent.publish({ a: { models: ['precious:latest'] } });
    assert.equal((await call(1, 'POST', '/api/chat', { model: 'new1' })).status, 200);
    assertOllamaError(await call(1, 'POST', '/api/chat', { model: 'scratch' }), 404, 'MODEL_NOT_FOUND');
  });

  test('does not come back once the agent has seen that it is removed', async (t) => {
    const { call, gateway } = await start(t);
    await call(0, 'POST', '/api/copy', { source: 'precious', destination: 'new1' });
    const names = ['precious:latest', 'scratch:latest'];
    await waitFor(
      async () => {
        await gateway.agent.publish({ a: { models: [...names, 'new1:latest'] } });
        await gateway.agent.publish({ a: { models: names } });
        return (
          (await call(1, 'POST', '/api/show', { model: 'new1' })).header('x-olla-error-code') ===
          'MODEL_NOT_FOUND'
        );
      },
      { describe: 'the end of the change' },
    );
  });

  test('is not offered if the filter of its endpoint excludes it', async (t) => {
    const a = new FakeOllama('precious:latest');
    const config = { model_filter: { exclude: ['new*'] } };
    const { send } = await startWithBackends(t, {
      a: { type: 'ollama', models: [...a.names], respond: a.respond, config },
    });
    const copy = { source: 'precious', destination: 'new1' };
    assert.equal((await send(callBytes('POST', '/olla/ollama/api/copy', copy))).status, 200);
    const used = await send(callBytes('POST', '/olla/ollama/api/chat', { model: 'new1' }));
    assertOllamaError(used, 404, 'MODEL_NOT_FOUND');
  });
});

describe('a model that was just deleted', () => {
  test('is known to no worker, and its copies remain', async (t) => {
    const { call, gateway } = await start(t);
    assert.equal((await call(0, 'DELETE', '/api/delete', { model: 'scratch' })).status, 200);
    for (const worker of [0, 1, 2]) {
      assertOllamaError(
        await call(worker, 'POST', '/api/chat', { model: 'scratch' }),
        404,
        'MODEL_NOT_FOUND',
      );
      assertOllamaError(
        await call(worker, 'DELETE', '/api/delete', { model: 'scratch' }),
        404,
        'MODEL_NOT_FOUND',
      );
      assert.equal((await call(worker, 'POST', '/api/chat', { model: 'precious' })).status, 200);
    }
    for (const list of await listed(gateway.ports, '/olla/ollama/api/tags'))
      assert.doesNotMatch(list, /scratch/);
  });

  test('is known again after it was made again', async (t) => {
    const { call } = await start(t);
    await call(0, 'DELETE', '/api/delete', { model: 'scratch' });
    await call(1, 'POST', '/api/copy', { source: 'precious', destination: 'scratch' });
    assert.equal((await call(2, 'POST', '/api/chat', { model: 'scratch' })).status, 200);
  });

  test('is known again when the call ends if its server has it all the same', async (t) => {
    const { a, call, gateway } = await start(t);
    gateway.state.control.onControl(
      ({ refresh }) => void gateway.agent.publish({ a: { listedAfterRefresh: refresh } }),
    );
    assert.equal((await call(0, 'DELETE', '/api/delete', { model: 'scratch' })).status, 200);
    a.names.add('scratch:latest');
    assert.equal((await call(0, 'POST', '/api/show', { model: 'scratch' })).status, 200);
  });
});

describe('a call that failed', () => {
  for (const [what, answer] of [
    ['by its status', jsonResponse({ error: 'no' }, '500 Internal Server Error')],
    [
      'by an error in its stream',
      progress('{"status":"pulling"}\n', '{"error":"pull model manifest: file does not exist"}\n'),
    ],
    ['by an error in its body', jsonResponse({ error: 'no' })],
    ['by a stream that ends before its success', progress('{"status":"pulling manifest"}\n')],
    ['by a stream that breaks off', progress('{"status":"pulling"}\n').slice(0, -5)],
  ] as const)
    test(`changes no names: ${what}`, async (t) => {
      const { call, backends, a } = await start(t);
      backends.a.respond = ({ socket }) => void socket.end(answer);
      const failed = await call(0, 'POST', '/api/pull', { model: 'new1' });
      assert.ok(failed.complete || what.endsWith('breaks off'));
      await call(0, 'DELETE', '/api/delete', { model: 'scratch' });
      backends.a.respond = a.respond;
      assertOllamaError(await call(0, 'POST', '/api/show', { model: 'new1' }), 404, 'MODEL_NOT_FOUND');
      assert.equal((await call(0, 'POST', '/api/show', { model: 'scratch' })).status, 200);
    });
});

describe('the answer to a call that makes a model', () => {
  test('is not complete before the other workers know of it, but completes if one does not reply', async (t) => {
    const { gateway, call, connect } = await start(t);
    const client = await connect();
    gateway.channels[1]?.hold();
    client.write(callBytes('POST', '/olla/ollama/api/copy', { source: 'precious', destination: 'new1' }));
    await waitFor(() => (gateway.channels[1]?.waiting ?? 0) > 0, { describe: 'the reply of a worker' });
    assert.equal(client.socket.bytesRead, 0);
    gateway.channels[1]?.release();
    assert.equal((await client.nextResponse()).status, 200);
    gateway.channels[1]?.hold();
    assert.equal(
      (await call(0, 'POST', '/api/copy', { source: 'precious', destination: 'new2' })).status,
      200,
    );
    gateway.channels[1]?.release();
  });

  test('shows its progress at once, and its success when the model is known', async (t) => {
    const { gateway, backends, connect } = await start(t);
    let success = (): void => assert.fail();
    backends.a.respond = ({ socket }) => {
      const [head = ''] = progress().split('0\r\n');
      socket.write(head + chunk('{"status":"pulling manifest"}\n'));
      success = () => void socket.write(`${chunk('{"status":"suc')}${chunk('cess"}\n')}0\r\n\r\n`);
    };
    const client = await connect();
    let seen = '';
    client.socket.on('data', (bytes: Buffer) => void (seen += bytes.toString()));
    client.write(callBytes('POST', '/olla/ollama/api/pull', { model: 'new1' }));
    await waitFor(() => seen.includes('pulling manifest'), { describe: 'the progress' });
    gateway.channels[1]?.hold();
    success();
    await waitFor(() => (gateway.channels[1]?.waiting ?? 0) > 0, { describe: 'the reply of a worker' });
    assert.ok(!seen.includes('cess"'));
    gateway.channels[1]?.release();
    const response = await client.nextResponse();
    assert.equal(response.text(), '{"status":"pulling manifest"}\n{"status":"success"}\n');
  });
});
