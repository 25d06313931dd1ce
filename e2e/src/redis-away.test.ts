import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { countByStatus, sendChat } from './chat-load.ts';
import { countOutageLines, readStatus } from './cluster-status.ts';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'shared';
const ADMIN = 'token-of-the-cluster';
const BURST = 6;
/** No token becomes due during the test. */
const RATE_LIMITS = { global_requests_per_minute: 1, per_ip_requests_per_minute: 0, burst_size: BURST };

describe('a start while Redis is down', () => {
  let redis: TestRedis;
  let backend: RawBackend;
  let gateways: [Gateway, Gateway];
  const started = new Started();
  before(async () => {
    redis = started.add(await startRedis());
    await redis.kill();
    backend = started.add(
      await startRawBackend({
        models: [MODEL],
        respond: (request) => whenComplete(request, () => request.socket.write(jsonResponse({ ok: true }))),
      }),
    );
    const start = async (): Promise<Gateway> =>
      started.add(
        await startGatewayFor({
          endpoints: [endpointConfig('only', backend)],
          config: { server: { rate_limits: RATE_LIMITS }, admin: { token: ADMIN } },
          args: ['--redis-url', redis.url],
        }),
      );
    gateways = await Promise.all([start(), start()]);
  });
  after(() => started.stop());

  const act = (gateway: Gateway, path: string): Promise<Response> =>
    fetch(`${gateway.url}/internal/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}` },
    });

  test('the status and one log line report the outage', async () => {
    for (const gateway of gateways) {
      const { state, limits, cluster, endpoints } = await readStatus(gateway);
      assert.equal(state.connected, false);
      assert.equal(state.outages, 1);
      assert.ok(limits.fallback_active);
      assert.equal(cluster.gateways.length, 1);
      assert.equal(cluster.agent_leader, cluster.agents[0]?.id);
      assert.deepEqual(
        endpoints.map(({ status }) => status),
        ['healthy'],
      );
      assert.deepEqual(countOutageLines(gateway), { lost: 1, back: 0 });
    }
  });

  test('requests are served, and limits hold on each host', async () => {
    for (const { url } of gateways) {
      const results = await Promise.all(Array.from({ length: 2 * BURST }, () => sendChat(url, MODEL)));
      assert.equal(countByStatus(results), `200×${BURST} 429×${BURST}`);
    }
  });

  test('a drain is refused, because other hosts would not know of it, and a refresh works', async () => {
    const drain = await act(gateways[0], 'endpoints/only/drain?force=true');
    assert.equal(drain.status, 503);
    assert.match(await drain.text(), /STATE_UNAVAILABLE/);
    assert.equal((await act(gateways[0], 'refresh')).status, 200);
  });

  test('each gateway notices that an endpoint goes down and comes back', async () => {
    const { port } = backend;
    const statusAt = async (gateway: Gateway): Promise<string> =>
      (await readStatus(gateway)).endpoints[0]?.status ?? '';
    await backend.close();
    for (const gateway of gateways)
      await waitFor(async () => (await statusAt(gateway)) === 'offline', {
        describe: 'the endpoint to be offline',
      });
    backend = await startRawBackend({
      port,
      models: [MODEL],
      respond: (request) => whenComplete(request, () => request.socket.write(jsonResponse({ ok: true }))),
    });
    for (const gateway of gateways)
      await waitFor(async () => ['healthy', 'warming'].includes(await statusAt(gateway)), {
        describe: 'the endpoint to be healthy',
      });
  });

  test('the gateways become one cluster with one leader when Redis starts', async () => {
    await redis.restart();
    for (const gateway of gateways) {
      await waitFor(
        async () => {
          const { state, cluster } = await readStatus(gateway);
          const leaders = cluster.agents.filter(({ leading }) => leading);
          return state.connected && cluster.gateways.length === 2 && leaders.length === 1;
        },
        { describe: 'both gateways and one leader in the status' },
      );
      await waitFor(() => countOutageLines(gateway).back > 0, { describe: 'the log line of the return' });
      assert.deepEqual(countOutageLines(gateway), { lost: 1, back: 1 });
    }
    // The hosts' empty buckets are replaced by one full bucket of the cluster.
    const results = await waitFor(
      async () => {
        const some = await Promise.all(
          Array.from({ length: 4 * BURST }, (_, n) => sendChat((gateways[n % 2] as Gateway).url, MODEL)),
        );
        return some.some(({ status }) => status === 200) ? some : null;
      },
      { describe: 'the limits of the cluster' },
    );
    const admitted = results.filter(({ status }) => status === 200).length;
    assert.ok(admitted <= BURST, `${admitted} of one burst of ${BURST}`);
  });

  test('a gateway with external agents runs an agent of its own during the outage', async () => {
    await redis.kill();
    const gateway = await startGatewayFor({
      endpoints: [endpointConfig('only', backend)],
      config: { redis: { url: redis.url }, discovery: { agent: 'external' } },
    });
    await waitFor(async () => (await sendChat(gateway.url, MODEL)).status === 200, {
      describe: 'a response',
    });
    assert.ok(gateway.children().agent !== undefined);
    await redis.restart();
    await waitFor(() => gateway.children().agent === undefined, {
      describe: 'the end of the agent of its own',
    });
    await gateway.stop();
  });
});
