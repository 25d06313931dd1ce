import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { sendRaw } from '@olla/testing/raw-http';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'counted';

interface Status {
  system: {
    status: string;
    total_requests: number;
    total_failures: number;
    endpoints_up: string;
    in_flight: number;
  };
  endpoints: { name: string; status: string; requests: number; in_flight: number }[];
  cluster: { workers: unknown[]; gateways: unknown[]; agents: unknown[] };
}

describe('system endpoints', () => {
  let backend: RawBackend;
  let gateway: Gateway;
  before(async () => {
    backend = await startRawBackend({ models: [MODEL] });
    gateway = await startGatewayFor({
      endpoints: [
        endpointConfig('up', backend),
        { name: 'down', url: 'http://127.0.0.1:9', type: 'vllm', check_interval: '200ms' },
      ],
      models: [MODEL],
    });
  });
  after(async () => {
    await gateway.stop();
    await backend.close();
  });

  const read = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${gateway.url}${path}`, { headers: { connection: 'close' } });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    assert.ok(response.headers.get('x-olla-request-id'));
    return (await response.json()) as T;
  };
  const chat = (): Promise<Response> =>
    fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify({ model: MODEL }),
    });

  test('/internal/health reports how many endpoints serve', async () => {
    const health = await read<{ status: string; endpoints_routable: number; endpoints_total: number }>(
      '/internal/health',
    );
    assert.deepEqual([health.endpoints_routable, health.endpoints_total], [1, 2]);
  });

  test('/internal/status counts each request once, at every worker', async () => {
    const before = await read<Status>('/internal/status');
    for (let n = 0; n < 7; n += 1) assert.equal((await chat()).status, 200);
    backend.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse({}, '500 Oops')));
    assert.equal((await chat()).status, 500);
    for (let n = 0; n < 4; n += 1) {
      const status = await read<Status>('/internal/status');
      assert.equal(status.system.total_requests - before.system.total_requests, 8);
      assert.equal(status.system.total_failures - before.system.total_failures, 1);
      assert.equal(status.endpoints.find(({ name }) => name === 'up')?.requests, 8);
      assert.equal(status.system.endpoints_up, '1/2');
      assert.equal(status.endpoints.find(({ name }) => name === 'down')?.status, 'offline');
    }
  });

  test('/internal/status shows requests in flight, and none when they have ended', async () => {
    backend.respond = () => {};
    const controller = new AbortController();
    const open = [1, 2, 3].map(() =>
      fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: MODEL }),
        signal: controller.signal,
      }),
    );
    const inFlight = async (): Promise<number | undefined> =>
      (await read<Status>('/internal/status')).endpoints.find(({ name }) => name === 'up')?.in_flight;
    await waitFor(async () => (await inFlight()) === 3, { describe: '3 in flight' });
    controller.abort();
    await Promise.allSettled(open);
    await waitFor(async () => (await inFlight()) === 0, { describe: 'none in flight' });
  });

  test('/internal/process lists the running processes', async () => {
    const { processes } = await read<{ processes: { role: string; pid: number; rss_bytes: number }[] }>(
      '/internal/process',
    );
    const { workers } = gateway.children();
    const listed = processes.filter(({ role }) => role === 'worker').map(({ pid }) => pid);
    assert.deepEqual(listed.sort(), workers.sort());
    for (const { rss_bytes } of processes) assert.ok(rss_bytes > 10 * 1024 * 1024);
  });

  test('unknown paths get the 404 of the contract', async () => {
    for (const path of ['/nope', '/olla/nope/v1/models', '/internal/nope']) {
      const response = await fetch(`${gateway.url}${path}`);
      assert.equal(response.status, 404, path);
      const { error } = (await response.json()) as { error: { message: string; type: string; code: string } };
      assert.ok(error.message && error.type && error.code);
    }
  });

  test('a request that the HTTP parser refuses gets an error of the contract', async () => {
    const response = await sendRaw(gateway.port, 'GET /x y HTTP/1.1\r\n\r\n');
    assert.equal(response.status, 400);
    assert.equal((JSON.parse(response.text()) as { error: { code: string } }).error.code, 'BAD_REQUEST');
  });

  test('preflights and responses have CORS headers', async () => {
    const request =
      'OPTIONS /olla/openai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n';
    const preflight = await sendRaw(gateway.port, request);
    assert.equal(preflight.status, 204);
    assert.equal(preflight.header('access-control-allow-origin'), '*');
    assert.equal(preflight.header('access-control-allow-methods'), 'GET, POST, OPTIONS');
    assert.equal((await fetch(`${gateway.url}/olla/models`)).headers.get('access-control-allow-origin'), '*');
  });
});

describe('rate limits', () => {
  test('two workers admit the burst together, and send Retry-After with refusals', async () => {
    const backend = await startRawBackend({ models: [MODEL] });
    const rate_limits = { global_requests_per_minute: 6000, per_ip_requests_per_minute: 60, burst_size: 20 };
    const gateway = await startGatewayFor({
      endpoints: [endpointConfig('up', backend)],
      config: { server: { rate_limits } },
    });
    // Model lists count against the same limit, so this waits with a system endpoint, which has a limit of its own.
    await waitFor(
      async () => {
        const response = await fetch(`${gateway.url}/internal/status/endpoints`);
        return ((await response.json()) as { routable_count: number }).routable_count === 1;
      },
      { describe: 'the endpoint to be routable' },
    );
    const startedMs = performance.now();
    const responses = await Promise.all(
      Array.from({ length: 60 }, () =>
        fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
          method: 'POST',
          body: JSON.stringify({ model: MODEL }),
        }),
      ),
    );
    const refilled = Math.ceil((performance.now() - startedMs) / 1000);
    const admitted = responses.filter(({ status }) => status === 200).length;
    const refused = responses.filter(({ status }) => status === 429);
    assert.equal(admitted + refused.length, 60);
    assert.ok(admitted >= 19 && admitted <= 20 + refilled, `${admitted} admitted`);
    const retryAfter = Number(refused[0]?.headers.get('retry-after'));
    assert.ok(retryAfter >= 1 && retryAfter <= 2, String(retryAfter));
    const { error } = (await refused[0]?.json()) as { error: { type: string; code: string } };
    assert.match(error.code, /RATE_LIMIT/);
    await gateway.stop();
    await backend.close();
  });
});
