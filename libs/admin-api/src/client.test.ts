import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { AdminError, createClient, type AdminErrorCode } from './client.ts';

async function gateway(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failsWith(promise: Promise<unknown>, code: AdminErrorCode): Promise<AdminError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof AdminError, String(error));
    assert.equal(error.code, code);
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

test('a read is asked for with the last ETag, and 304 gives the body of then', async (t) => {
  const tags: (string | undefined)[] = [];
  const gatewayUrl = await gateway(t, (request, response) => {
    tags.push(request.headers['if-none-match']);
    if (request.headers['if-none-match']) return void response.writeHead(304).end();
    response.writeHead(200, { etag: 'W/"1"' }).end('{"name":"Olla"}');
  });
  const client = createClient({ gatewayUrl });
  t.after(() => client.close());
  assert.deepEqual(await client.status(), { name: 'Olla' });
  assert.deepEqual(await client.status(), { name: 'Olla' });
  assert.deepEqual(tags, [undefined, 'W/"1"']);
});

test('an action carries token, actor and the escaped name', async (t) => {
  let seen: unknown;
  const gatewayUrl = await gateway(t, (request, response) => {
    seen = [request.method, request.url, request.headers.authorization, request.headers['x-olla-actor']];
    response.end('{}');
  });
  const client = createClient({ gatewayUrl, token: 'abc', actor: 'ann@desk' });
  t.after(() => client.close());
  await client.drain('old box/1', true);
  assert.deepEqual(seen, [
    'POST',
    '/internal/endpoints/old%20box%2F1/drain?force=true',
    'Bearer abc',
    'ann@desk',
  ]);
});

test('errors are told apart by code, with the gateway’s own message', async (t) => {
  const statuses: [number, AdminErrorCode][] = [
    [401, 'UNAUTHORIZED'],
    [404, 'NOT_FOUND'],
    [409, 'REFUSED'],
    [429, 'RATE_LIMITED'],
    [503, 'FAILED'],
  ];
  for (const [status, code] of statuses) {
    const gatewayUrl = await gateway(t, (_, response) => {
      response
        .writeHead(status)
        .end(JSON.stringify({ error: { message: 'because', type: 't', code: 'LAST_HOST' } }));
    });
    const client = createClient({ gatewayUrl });
    t.after(() => client.close());
    const error = await failsWith(client.resume('a'), code);
    assert.deepEqual([error.message, error.apiCode, error.status], ['because', 'LAST_HOST', status]);
  }
});

test('nobody there is UNREACHABLE and names the address', async (t) => {
  const gatewayUrl = await gateway(t, () => undefined);
  const { port } = new URL(gatewayUrl);
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const other = (free.address() as AddressInfo).port;
  await new Promise((resolve) => free.close(resolve));
  assert.notEqual(String(other), port);
  const error = await failsWith(
    createClient({ gatewayUrl: `http://127.0.0.1:${other}` }).status(),
    'UNREACHABLE',
  );
  assert.match(error.message, new RegExp(`127.0.0.1:${other}: connection refused`));
});

test('silence before or within the answer ends at the deadline', async (t) => {
  const silent = await gateway(t, () => undefined);
  await failsWith(createClient({ gatewayUrl: silent, timeoutMs: 30 }).status(), 'TIMEOUT');
  const halfway = await gateway(t, (_, response) => void response.writeHead(200).write('{"a":'));
  await failsWith(createClient({ gatewayUrl: halfway, timeoutMs: 60 }).status(), 'TIMEOUT');
});

test('an answer that breaks off is UNREACHABLE, one without JSON is PROTOCOL', async (t) => {
  const broken = await gateway(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"a":', () => response.destroy());
  });
  await failsWith(createClient({ gatewayUrl: broken }).status(), 'UNREACHABLE');
  const page = await gateway(t, (_, response) => void response.end('<html>'));
  const error = await failsWith(createClient({ gatewayUrl: page }).status(), 'PROTOCOL');
  assert.match(error.message, /is not an Olla gateway/);
});
