import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { startGateway, type Gateway } from '@olla/testing/olla-process';
import { startRawBackend, type RawBackend } from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { requestBytes } from '@olla/testing/request-bytes';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig } from './start-gateway-for.ts';

// The title of each test is a line of the contract's page: see docs/contract.md.
describe('the contract: default limits', () => {
  let gateway: Gateway;
  let backend: RawBackend;
  const started = new Started();
  before(async () => {
    backend = started.add(await startRawBackend({ models: ['m'] }));
    const endpoints = [endpointConfig('only', backend)];
    gateway = started.add(await startGateway({ config: { discovery: { static: { endpoints } } } }));
  });
  after(() => started.stop());

  const fetchOne = (path: string, from: string): Promise<RawResponse> =>
    sendRaw(gateway.port, requestBytes('GET', path), undefined, from);
  const many = (count: number, path: string, from: (n: number) => string): Promise<RawResponse[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => fetchOne(path, from(n))));

  test('Burst size 50', async () => {
    const startedMs = performance.now();
    const responses = await many(70, '/olla/models', () => '127.0.1.1');
    // Some tokens become due while the requests run.
    const most = 50 + Math.ceil(((performance.now() - startedMs) / 60_000) * 100);
    const admitted = responses.filter(({ status }) => status === 200).length;
    assert.ok(admitted >= 50 && admitted <= most, `${admitted} admitted`);
  });

  test('Per-IP requests/minute 100', async () => {
    const refused = await waitFor(
      async () => {
        const response = await fetchOne('/olla/models', '127.0.1.1');
        const byAddress = response.header('ratelimit-policy')?.startsWith('"per_ip"') === true;
        return response.status === 429 && byAddress ? response : null;
      },
      { describe: 'a refusal by the limit of a client address', intervalMs: 50 },
    );
    assert.equal(refused.header('x-ratelimit-limit'), '100');
    // The headers of the limit are on every response.
    const unknown = await fetchOne('/olla/nope/x', '127.0.1.2');
    assert.deepEqual([unknown.status, unknown.header('x-ratelimit-limit')], [404, '100']);
    assert.equal(unknown.header('x-ratelimit-remaining'), '49');
    assert.equal(refused.header('retry-after'), '1');
    assert.match(assertError(refused, 429, 'RATE_LIMITED').message, /100.*per_ip_requests_per_minute/);
  });

  test('Global requests/minute 1000', async () => {
    const refused = await waitFor(
      async () =>
        (await many(70, '/olla/models', (n) => `127.0.2.${n + 1}`)).find(({ status }) => status === 429),
      { describe: 'a refusal by the global limit' },
    );
    assert.equal(refused.header('x-ratelimit-limit'), '1000');
    assert.match(assertError(refused, 429, 'RATE_LIMITED').message, /1000.*global_requests_per_minute/);
  });

  test('Health endpoint requests/minute 1000', async () => {
    const responses = await many(80, '/internal/health', () => '127.0.3.1');
    const refused = responses.find(({ status }) => status === 429) ?? assert.fail('no request was refused');
    assert.equal(refused.header('x-ratelimit-limit'), '1000');
    assert.match(assertError(refused, 429, 'RATE_LIMITED').message, /1000.*health_requests_per_minute/);
    assert.notEqual(
      (await fetchOne('/internal/health', '127.0.3.2')).status,
      429,
      'each client address has a limit of its own',
    );
  });

  test('429 Rate Limit Exceeded', async () => {
    const refused = await waitFor(
      async () => (await many(80, '/version', () => '127.0.4.1')).find(({ status }) => status === 429),
      { describe: 'a refusal' },
    );
    assert.equal(assertError(refused, 429, 'RATE_LIMITED').type, 'rate_limit_error');
    assert.equal(refused.header('retry-after'), '1');
    assert.equal(refused.header('x-ratelimit-remaining'), '0');
    const resetS = Number(refused.header('x-ratelimit-reset')) - Date.now() / 1000;
    assert.ok(resetS > 0 && resetS < 10, String(resetS));
    assert.match(refused.header('ratelimit-policy') ?? '', /^"health";q=1000;w=60$/);
    assert.match(refused.header('ratelimit') ?? '', /^"health";r=0;t=\d+$/);
  });
});
