import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'limited';
const BURST = 6;
const CHAT_BYTES = postBytes(`{"model":"${MODEL}"}`);
const FILES = requestBytes('GET', '/olla/proxy/v1/files');
/** So slow that no token returns while a test runs. */
const ONE_A_MINUTE = 1;

interface Limits {
  readonly global?: number;
  readonly perIp?: number;
  readonly health?: number;
  readonly more?: object;
}

function start(t: TestContext, limits: Limits, workers = 1): Promise<GatewayWithBackends<'only'>> {
  const rate_limits = {
    global_requests_per_minute: limits.global ?? 0,
    per_ip_requests_per_minute: limits.perIp ?? 0,
    health_requests_per_minute: limits.health ?? 0,
    burst_size: BURST,
    ...limits.more,
  };
  return startWithBackends(
    t,
    { only: { models: [MODEL] } },
    { workers, config: { server: { rate_limits } } },
  );
}

/** Sends one request more than the burst, at once. @returns how many were not refused */
async function admitted(port: number, bytes: string | Buffer, from = '127.0.0.1'): Promise<number> {
  const all = await Promise.all(
    Array.from({ length: BURST + 1 }, () => sendRaw(port, bytes, undefined, from)),
  );
  return all.filter(({ status }) => status !== 429).length;
}

const limitOf = (response: RawResponse): Record<string, string | undefined> =>
  Object.fromEntries(
    ['x-ratelimit-limit', 'x-ratelimit-remaining', 'ratelimit-policy'].map((name) => [
      name,
      response.header(name),
    ]),
  );

describe('the limit of an address', () => {
  test('admits the burst and answers 429 above it, with the time until the next token', async (t) => {
    const { gateway, backends, send, status } = await start(t, { perIp: ONE_A_MINUTE });
    assert.equal(await admitted(gateway.port, CHAT_BYTES), BURST);
    assert.equal(backends.only.requests.length, BURST, 'what is refused goes nowhere');
    const refused = await send(postBytes(`{"model":"${MODEL}"}`, ['X-Request-ID: refused']));
    const { type, message } = assertError(refused, 429, 'RATE_LIMITED');
    assert.equal(type, 'rate_limit_error');
    assert.match(message, /1 requests? a minute \(server\.rate_limits\.per_ip_requests_per_minute\)/);
    const retryAfterS = Number(refused.header('retry-after'));
    assert.ok(retryAfterS > 50 && retryAfterS <= 60, String(retryAfterS));
    assert.deepEqual(limitOf(refused), {
      'x-ratelimit-limit': '1',
      'x-ratelimit-remaining': '0',
      'ratelimit-policy': '"per_ip";q=1;w=60',
    });
    assert.match(refused.header('ratelimit') ?? '', /^"per_ip";r=0;t=\d+$/);
    const resetS = Number(refused.header('x-ratelimit-reset')) - Date.now() / 1000;
    assert.ok(resetS > 0 && resetS <= 60 * BURST, String(resetS));
    assert.equal((await gateway.log.request('refused'))['error'], 'RATE_LIMITED');
    const { system, security } = await status();
    assert.equal(system.total_requests, BURST, 'a refusal is no traffic of the fleet');
    assert.equal(security.violations.rate_limits, 2);
  });

  test('is in the headers of every response that falls under it', async (t) => {
    const { send } = await start(t, { perIp: ONE_A_MINUTE });
    const seen: (string | undefined)[] = [];
    for (const bytes of [
      CHAT_BYTES,
      postBytes('[]'),
      requestBytes('GET', '/olla/models'),
      requestBytes('GET', '/olla/nope'),
    ]) {
      const response = await send(bytes);
      assert.equal(response.header('x-ratelimit-limit'), '1');
      assert.equal(response.header('retry-after'), undefined);
      seen.push(response.header('x-ratelimit-remaining'));
    }
    assert.deepEqual(seen, [5, 4, 3, 2].map(String));
  });

  test('is one for each address', async (t) => {
    const { gateway } = await start(t, { perIp: ONE_A_MINUTE });
    for (const from of ['127.0.0.2', '127.0.0.3'])
      assert.equal(await admitted(gateway.port, FILES, from), BURST, from);
  });

  test('is one for all workers together', async (t) => {
    const { gateway } = await start(t, { perIp: ONE_A_MINUTE }, 2);
    const all = await Promise.all(
      Array.from({ length: 4 * BURST }, (_, n) => sendRaw(gateway.ports[n % 2] as number, FILES)),
    );
    assert.equal(all.filter(({ status }) => status === 200).length, BURST);
    assert.ok(all.every(({ status }) => status === 200 || status === 429));
  });

  test('returns its tokens over time', async (t) => {
    const { gateway, send } = await start(t, { perIp: 60_000 });
    await Promise.all(Array.from({ length: 4 }, () => admitted(gateway.port, FILES)));
    await waitFor(async () => (await send(FILES)).status === 200, { describe: 'a token', intervalMs: 1 });
  });
});

describe('the global limit', () => {
  test('is one for all addresses together', async (t) => {
    const { gateway } = await start(t, { global: ONE_A_MINUTE, perIp: 1_000 });
    const all = await Promise.all(
      Array.from({ length: 2 * BURST }, (_, n) =>
        sendRaw(gateway.port, FILES, undefined, `127.0.1.${n + 1}`),
      ),
    );
    assert.equal(all.filter(({ status }) => status === 200).length, BURST);
    const refused = all.find(({ status }) => status === 429) ?? assert.fail();
    assert.match(
      assertError(refused, 429, 'RATE_LIMITED').message,
      /all clients.*global_requests_per_minute/,
    );
    assert.equal(refused.header('ratelimit-policy'), '"global";q=1;w=60');
  });

  test("takes no token of the address's own limit when it refuses", async (t) => {
    const { gateway } = await start(t, { global: ONE_A_MINUTE, perIp: ONE_A_MINUTE });
    assert.equal(await admitted(gateway.port, FILES, '127.0.0.2'), BURST);
    const refused = await sendRaw(gateway.port, FILES, undefined, '127.0.0.3');
    assert.match(refused.header('ratelimit-policy') ?? '', /^"global"/);
  });
});

describe('the health limit', () => {
  test('is one for each address and separate from that of traffic', async (t) => {
    const { gateway, send } = await start(t, { perIp: ONE_A_MINUTE, health: ONE_A_MINUTE });
    const health = requestBytes('GET', '/internal/health');
    assert.equal(await admitted(gateway.port, health, '127.0.0.2'), BURST);
    const version = await sendRaw(gateway.port, requestBytes('GET', '/version'), undefined, '127.0.0.2');
    assert.match(assertError(version, 429, 'RATE_LIMITED').message, /health_requests_per_minute/);
    assert.equal((await sendRaw(gateway.port, health, undefined, '127.0.0.3')).status, 200);
    assert.equal((await sendRaw(gateway.port, FILES, undefined, '127.0.0.2')).status, 200);
    assert.equal((await send(health)).status, 200);
  });
});

describe('a limit of 0', () => {
  test('is no limit, and no response has headers of one', async (t) => {
    const { send } = await start(t, {});
    for (let n = 0; n < 3 * BURST; n += 1) {
      const response = await send(FILES);
      assert.deepEqual([response.status, response.header('x-ratelimit-limit')], [200, undefined]);
    }
  });
});

describe('a shared state that does not answer', () => {
  test('does not keep a request waiting for its lease beyond the deadline', async (t) => {
    const { gateway, send } = await start(t, { perIp: 600 });
    const [channel = assert.fail()] = gateway.channels;
    channel.hold();
    t.after(() => channel.release());
    const response = await send(FILES);
    assert.ok(response.status === 200 || response.status === 429, String(response.status));
  });
});
