import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { chat, outageLines, statusOf, tally } from './cluster-for.ts';
import { endpointOf, startGatewayFor } from './gateway-for.ts';

const MODEL = 'shared';
const ADMIN = 'token-of-the-cluster';
const BURST = 6;
/** So few a minute that none comes back within the test. */
const RATE_LIMITS = { global_requests_per_minute: 1, per_ip_requests_per_minute: 0, burst_size: BURST };

suite('Redis is away when the gateways start', () => {
  let redis: TestRedis;
  let backend: RawBackend;
  let gateways: [Gateway, Gateway];
  before(async () => {
    redis = await startRedis();
    await redis.kill();
    backend = await startRawBackend({
      models: [MODEL],
      respond: (request) => whenComplete(request, () => request.socket.write(jsonResponse({ ok: true }))),
    });
    const start = (): Promise<Gateway> =>
      startGatewayFor({
        endpoints: [endpointOf('only', backend)],
        config: { server: { rate_limits: RATE_LIMITS }, admin: { token: ADMIN } },
        args: ['--redis-url', redis.url],
      });
    gateways = await Promise.all([start(), start()]);
  });
  after(async () => {
    for (const gateway of gateways) await gateway.stop();
    await backend.close();
    await redis.stop();
  });

  const order = (gateway: Gateway, path: string): Promise<Response> =>
    fetch(`${gateway.url}/internal/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}` },
    });

  test('the status shows the outage, and one line of the log', async () => {
    for (const gateway of gateways) {
      const { state, limits, cluster, endpoints } = await statusOf(gateway);
      assert.equal(state.connected, false);
      assert.equal(state.outages, 1);
      assert.ok(limits.fallback_active);
      assert.equal(cluster.gateways.length, 1);
      assert.equal(cluster.agent_leader, cluster.agents[0]?.id);
      assert.deepEqual(
        endpoints.map(({ status }) => status),
        ['healthy'],
      );
      assert.deepEqual(outageLines(gateway), { lost: 1, back: 0 });
    }
  });

  test('requests are answered, and limits act on each host', async () => {
    for (const { url } of gateways) {
      const outcomes = await Promise.all(Array.from({ length: 2 * BURST }, () => chat(url, MODEL)));
      assert.equal(tally(outcomes), `200×${BURST} 429×${BURST}`);
    }
  });

  test('a drain, which could not hold for all, is refused; a refresh works', async () => {
    const drain = await order(gateways[0], 'endpoints/only/drain?force=true');
    assert.equal(drain.status, 503);
    assert.match(await drain.text(), /STATE_UNAVAILABLE/);
    assert.equal((await order(gateways[0], 'refresh')).status, 200);
  });

  test('an endpoint that goes and comes back is seen', async () => {
    const { port } = backend;
    const seen = async (gateway: Gateway): Promise<string> =>
      (await statusOf(gateway)).endpoints[0]?.status ?? '';
    await backend.close();
    for (const gateway of gateways)
      await waitFor(async () => (await seen(gateway)) === 'offline', { describe: 'its loss' });
    backend = await startRawBackend({
      port,
      models: [MODEL],
      respond: (request) => whenComplete(request, () => request.socket.write(jsonResponse({ ok: true }))),
    });
    for (const gateway of gateways)
      await waitFor(async () => ['healthy', 'warming'].includes(await seen(gateway)), {
        describe: 'its return',
      });
  });

  test('when it comes, the gateways are one cluster with one leader', async () => {
    await redis.restart();
    for (const gateway of gateways) {
      await waitFor(
        async () => {
          const { state, cluster } = await statusOf(gateway);
          const leaders = cluster.agents.filter(({ leading }) => leading);
          return state.connected && cluster.gateways.length === 2 && leaders.length === 1;
        },
        { describe: 'both gateways and one leader in the status' },
      );
      await waitFor(() => outageLines(gateway).back > 0, { describe: 'the line that tells of its end' });
      assert.deepEqual(outageLines(gateway), { lost: 1, back: 1 });
    }
    // The emptied buckets of both hosts are one full bucket now.
    const outcomes = await waitFor(
      async () => {
        const some = await Promise.all(
          Array.from({ length: 4 * BURST }, (_, n) => chat((gateways[n % 2] as Gateway).url, MODEL)),
        );
        return some.some(({ status }) => status === 200) ? some : null;
      },
      { describe: 'the limits of the cluster' },
    );
    const admitted = outcomes.filter(({ status }) => status === 200).length;
    assert.ok(admitted <= BURST, `${admitted} of one burst of ${BURST}`);
  });

  test('a gateway whose agents run elsewhere watches its endpoints meanwhile', async () => {
    await redis.kill();
    const gateway = await startGatewayFor({
      endpoints: [endpointOf('only', backend)],
      config: { redis: { url: redis.url }, discovery: { agent: 'external' } },
    });
    await waitFor(async () => (await chat(gateway.url, MODEL)).status === 200, { describe: 'an answer' });
    assert.ok(gateway.children().agent !== undefined);
    await redis.restart();
    await waitFor(() => gateway.children().agent === undefined, {
      describe: 'the end of the agent that stood in',
    });
    await gateway.stop();
  });
});
