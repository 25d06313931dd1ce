import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { AdminError, type AdminErrorCode } from './admin-error.ts';
import { createClient } from './client.ts';

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
  throw new assert.AssertionError({ message: 'the call did not fail' });
}

describe('the client of the admin API', () => {
  test('sends the last ETag with a read, and returns the earlier body for 304', async (t) => {
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

  test('sends the token, the actor and the escaped name with an action', async (t) => {
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

  test('rejects with a code for each status and with the message of the gateway', async (t) => {
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

  test('rejects with UNREACHABLE and the address when nothing listens there', async (t) => {
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

  test('rejects with TIMEOUT when the head or the body does not come in time', async (t) => {
    const silent = await gateway(t, () => undefined);
    await failsWith(createClient({ gatewayUrl: silent, timeoutMs: 30 }).status(), 'TIMEOUT');
    const halfway = await gateway(t, (_, response) => void response.writeHead(200).write('{"a":'));
    await failsWith(createClient({ gatewayUrl: halfway, timeoutMs: 60 }).status(), 'TIMEOUT');
  });

  test('rejects with UNREACHABLE when a body breaks off, and with PROTOCOL when it is not JSON', async (t) => {
    const broken = await gateway(t, (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"a":', () => response.destroy());
    });
    await failsWith(createClient({ gatewayUrl: broken }).status(), 'UNREACHABLE');
    const page = await gateway(t, (_, response) => void response.end('<html>'));
    const error = await failsWith(createClient({ gatewayUrl: page }).status(), 'PROTOCOL');
    assert.match(error.message, /is not an Olla gateway/);
  });
});
