import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { header } from '@olla/testing/http-message';
import { sendRaw } from '@olla/testing/raw-http';
import { postBytes } from '@olla/testing/request-bytes';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'm';
const BURST = 3;

function start(t: TestContext, trust: object): Promise<GatewayWithBackends<'only'>> {
  const rate_limits = {
    global_requests_per_minute: 0,
    per_ip_requests_per_minute: 1,
    health_requests_per_minute: 0,
    burst_size: BURST,
    ...trust,
  };
  return startWithBackends(t, { only: { models: [MODEL] } }, { config: { server: { rate_limits } } });
}

const TRUSTING = { trust_proxy_headers: true, trusted_proxy_cidrs: ['127.0.0.1/32', '10.0.0.0/8'] };

/** Sends one request more than the burst, with this X-Forwarded-For. @returns how many one limit admitted */
async function admitted(port: number, forwarded: (n: number) => string, from = '127.0.0.1'): Promise<number> {
  const all = await Promise.all(
    Array.from({ length: BURST + 1 }, (_, n) =>
      sendRaw(port, postBytes(`{"model":"${MODEL}"}`, [`X-Forwarded-For: ${forwarded(n)}`]), undefined, from),
    ),
  );
  return all.filter(({ status }) => status !== 429).length;
}

describe('the address of a client behind a trusted proxy', () => {
  test('is the first from the right that is no proxy, because a client can invent the entries to its left', async (t) => {
    const { gateway, backends } = await start(t, TRUSTING);
    assert.equal(await admitted(gateway.port, (n) => `198.51.100.${n}, 203.0.113.1, 10.1.2.3`), BURST);
    const [request = assert.fail()] = backends.only.requests;
    assert.equal(header(request, 'x-real-ip'), '203.0.113.1');
    assert.match(
      header(request, 'x-forwarded-for') ?? '',
      /^198\.51\.100\.\d, 203\.0\.113\.1, 10\.1\.2\.3, 127\.0\.0\.1$/,
    );
    assert.equal(await admitted(gateway.port, () => '203.0.113.2'), BURST, 'another has a limit of its own');
  });

  test('is logged', async (t) => {
    const { gateway, send } = await start(t, TRUSTING);
    await send(
      postBytes(`{"model":"${MODEL}"}`, ['X-Forwarded-For: 203.0.113.5', 'X-Request-ID: addressed']),
    );
    assert.equal((await gateway.log.request('addressed'))['client'], '203.0.113.5');
  });

  test('counts by /64 if it is IPv6, and as IPv4 if it is an IPv4-mapped one', async (t) => {
    const { gateway } = await start(t, TRUSTING);
    assert.equal(await admitted(gateway.port, (n) => `2001:db8:1:2::${n + 1}`), BURST);
    assert.equal(await admitted(gateway.port, () => '2001:db8:1:3::1'), BURST);
    assert.equal(
      await admitted(gateway.port, (n) => (n % 2 === 0 ? '::ffff:203.0.113.9' : '203.0.113.9')),
      BURST,
    );
  });
});

describe('the address of a client whose peer is not trusted', () => {
  test('is that of the peer: its own X-Forwarded-For is ignored', async (t) => {
    const { gateway, backends } = await start(t, TRUSTING);
    assert.equal(await admitted(gateway.port, (n) => `198.51.100.${n}`, '127.0.0.7'), BURST);
    const [request = assert.fail()] = backends.only.requests;
    assert.equal(header(request, 'x-real-ip'), '127.0.0.7');
    assert.equal(header(request, 'x-forwarded-for'), '127.0.0.7', 'its own list does not go on');
  });

  test('is that of the peer without any setting', async (t) => {
    const { gateway, backends } = await start(t, {});
    assert.equal(await admitted(gateway.port, (n) => `198.51.100.${n}`), BURST);
    assert.equal(header(backends.only.requests[0] ?? assert.fail(), 'x-real-ip'), '127.0.0.1');
  });
});

test('the addresses of one IPv6 network share a limit, and count as one refused client', async (t) => {
  const { gateway, status } = await start(t, TRUSTING);
  assert.equal(await admitted(gateway.port, (n) => `2001:db8:1:2::${n}`), BURST);
  assert.equal(await admitted(gateway.port, (n) => `2001:db8:1:2:${n}::1`), 0);
  assert.equal((await status()).security.blocked_ips, 1);
});
