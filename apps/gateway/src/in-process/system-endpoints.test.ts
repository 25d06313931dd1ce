import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusSchema } from '@olla/admin-api/schema/status';
import { assertError, assertOnEveryResponse } from '@olla/testing/assert-response';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { sendRaw } from '@olla/testing/raw-http';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const SPECS = { up: { models: ['m'] }, down: { models: ['n'] } };

interface Health {
  readonly status: string;
  readonly endpoints_routable: number;
  readonly endpoints_total: number;
}

describe('a system endpoint', () => {
  test('has the headers of every response, and HEAD those of GET without the body', async (t) => {
    const { connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    for (const path of ['/internal/health', '/internal/status', '/version']) {
      client.write(requestBytes('GET', path));
      const whole = await client.nextResponse();
      client.write(requestBytes('HEAD', path));
      const head = await client.nextResponse('HEAD');
      for (const response of [whole, head]) {
        assert.equal(response.status, 200);
        assertOnEveryResponse(response);
        assert.equal(response.header('content-type'), 'application/json');
        assert.match(response.header('x-olla-response-time') ?? '', /^\d+ms$/);
      }
      assert.equal(head.text(), '');
      assert.ok(Number(head.header('content-length')) > 0);
    }
  });

  test('answers 405 to a method that it does not have and names those it has', async (t) => {
    const { send } = await startWithBackends(t, SPECS);
    const response = await send(postBytes('{}', [], '/internal/health'));
    assertError(response, 405, 'METHOD_NOT_ALLOWED');
    assert.equal(response.header('allow'), 'GET, HEAD, OPTIONS');
  });

  test('that changes something answers 401 without the token, and works with it', async (t) => {
    const { gateway, send } = await startWithBackends(t, SPECS, { adminToken: 't-o-k-e-n' });
    const call = (headers: readonly string[]): string =>
      requestBytes('POST', '/internal/refresh', ['Content-Length: 0', ...headers]);
    const refused = await send(call([]));
    assertError(refused, 401, 'UNAUTHORIZED');
    assert.match(refused.header('www-authenticate') ?? '', /^Bearer/);
    assertError(await send(call(['Authorization: Bearer wrong'])), 401, 'UNAUTHORIZED');
    assert.equal((await gateway.state.control.read()).refresh, 0);
    const accepted = await send(call(['Authorization: Bearer t-o-k-e-n']));
    assert.ok(accepted.status >= 200 && accepted.status < 300, accepted.text());
    assert.equal((await gateway.state.control.read()).refresh, 1);
  });
});

describe('/internal/health', () => {
  test('reports how many endpoints can be used', async (t) => {
    const { gateway, get } = await startWithBackends(t, SPECS);
    const before = await get<Health>('/internal/health');
    assert.deepEqual([before.endpoints_routable, before.endpoints_total], [2, 2]);
    await gateway.agent.publish({ down: { state: 'offline' } });
    const after = await get<Health>('/internal/health');
    assert.deepEqual([after.endpoints_routable, after.endpoints_total], [1, 2]);
  });

  test('answers 503 while no endpoint can be used', async (t) => {
    const { gateway, send } = await startWithBackends(t, SPECS);
    await gateway.agent.publish({ up: { state: 'offline' }, down: { state: 'offline' } });
    assert.equal((await send(requestBytes('GET', '/internal/health'))).status, 503);
  });
});

describe('/internal/status', () => {
  test("matches its schema, and shows the agent's result for each endpoint", async (t) => {
    const { gateway, status } = await startWithBackends(t, SPECS);
    await gateway.agent.publish({ down: { state: 'offline', reason: 'connection refused' } });
    const body = statusSchema.parse(await status());
    assert.equal(body.system.endpoints_up, '1/2');
    const down = body.endpoints.find(({ name }) => name === 'down');
    assert.deepEqual([down?.status, down?.reason], ['offline', 'connection refused']);
  });

  test('counts the requests of every worker, at any worker', async (t) => {
    const { gateway } = await startWithBackends(t, SPECS, { workers: 2 });
    for (const [n, port] of [...gateway.ports, ...gateway.ports].entries()) {
      await sendRaw(port, postBytes('{"model":"m"}', [`X-Request-ID: r${n}`]));
      await gateway.log.request(`r${n}`);
    }
    for (const port of gateway.ports) {
      const response = await sendRaw(port, requestBytes('GET', '/internal/status'));
      assert.equal(statusSchema.parse(JSON.parse(response.text())).system.total_requests, 4);
    }
  });

  test('shows requests in flight at any worker, and none after they ended', async (t) => {
    const { gateway, backends, inFlight } = await startWithBackends(t, SPECS, { workers: 2 });
    backends.up.respond = () => undefined;
    const held = gateway.ports.map((port) => sendRaw(port, postBytes('{"model":"m"}')));
    await waitFor(() => backends.up.requests.length === 2, {
      describe: 'both at the backend',
      intervalMs: 1,
    });
    await waitFor(async () => (await inFlight())['up'] === 2, { describe: 'two in flight', intervalMs: 2 });
    for (const { socket } of backends.up.requests)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await Promise.all(held);
    await waitFor(async () => Object.keys(await inFlight()).length === 0, {
      describe: 'none in flight',
      intervalMs: 2,
    });
  });
});

describe('a fault of the gateway itself', () => {
  test('is 500 INTERNAL with the id of the request, its reason in the log and not at the client', async (t) => {
    const { gateway, send } = await startWithBackends(t, SPECS);
    // An exception of a step's code takes this way.
    const original = globalThis.URLSearchParams;
    t.after(() => (globalThis.URLSearchParams = original));
    globalThis.URLSearchParams = class extends original {
      constructor() {
        super();
        throw new Error('inside /srv/secret.ts');
      }
    } as typeof URLSearchParams;
    const response = await send(requestBytes('GET', '/internal/status', ['X-Request-ID: fault-1']));
    globalThis.URLSearchParams = original;
    const { message } = assertError(response, 500, 'INTERNAL');
    assert.match(message, /fault-1/);
    assert.doesNotMatch(message, /secret/);
    const line = await gateway.log.until('the fault in the log', ({ level }) => level === 'error');
    assert.match(JSON.stringify(line), /fault-1.*secret\.ts/);
    assert.equal((await send(requestBytes('GET', '/internal/status'))).status, 200, 'the worker lives');
  });
});
