import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { StatusBody } from '@olla/admin-api/schema/status';
import { EJECTION_MS } from '@olla/core/route-plan/breaker';
import type { Gateway } from '@olla/testing/olla-process';
import {
  jsonResponse,
  startRawBackend,
  whenComplete,
  type Respond,
  type RawBackend,
} from '@olla/testing/raw-backend';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { countByStatus, startChatLoad } from './chat-load.ts';
import { readStatus } from './cluster-status.ts';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';
import { startHaproxy, type Haproxy } from './start-haproxy.ts';

const MODEL = 'shared';
const ADMIN = 'token-of-the-cluster';
const LEAD_CHANGE_MS = 8_000;
/** Workers of other hosts have the count of a request within this time. */
const IN_FLIGHT_SHARED_MS = 100;

describe('two gateways with one Redis behind HAProxy', () => {
  let redis: TestRedis;
  let backend: RawBackend;
  let other: RawBackend;
  let gateways: [Gateway, Gateway];
  let haproxy: Haproxy;

  const started = new Started();
  const startOne = async (): Promise<Gateway> =>
    started.add(
      await startGatewayFor({
        endpoints: [endpointConfig('one', backend), endpointConfig('two', other)],
        config: { redis: { url: redis.url }, admin: { token: ADMIN } },
        models: [MODEL],
      }),
    );
  before(async () => {
    redis = started.add(await startRedis());
    backend = started.add(await startRawBackend({ models: [MODEL] }));
    other = started.add(await startRawBackend({ models: [MODEL] }));
    gateways = [await startOne(), await startOne()];
    haproxy = await startHaproxy(gateways);
    started.onStop(() => haproxy.process.killTree());
  });
  after(() => started.stop());

  beforeEach(() => {
    const answer: Respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
    backend.respond = other.respond = answer;
  });

  const chat = (url: string): Promise<Response> =>
    fetch(`${url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify({ model: MODEL }),
      signal: AbortSignal.timeout(10_000),
    });

  test('the status of each gateway lists both, and counts the requests of both', async () => {
    for (let n = 0; n < 10; n += 1) assert.equal((await chat(haproxy.url)).status, 200);
    const leaders = new Set<string | null>();
    for (const gateway of gateways) {
      await waitFor(
        async () => {
          const { system, state, cluster } = await readStatus(gateway);
          leaders.add(cluster.agent_leader);
          return (
            state.kind === 'redis' &&
            cluster.gateways.map(({ workers }) => workers).join() === '2,2' &&
            cluster.workers.length === 4 &&
            cluster.agents.length === 2 &&
            cluster.agents.filter(({ leading }) => leading).length === 1 &&
            system.total_requests >= 10
          );
        },
        { describe: 'both gateways, their processes and requests in the status' },
      );
    }
    leaders.delete(null);
    assert.equal(leaders.size, 1, 'both name the same leader');
  });

  test('each gateway counts the requests in flight of the other', async () => {
    backend.respond = other.respond = () => {};
    const controller = new AbortController();
    const open: Promise<unknown>[] = [];
    const inFlight = async (gateway: Gateway): Promise<string> =>
      (await readStatus(gateway)).endpoints.map(({ in_flight }) => in_flight).join();
    try {
      // The gateways get requests in turn, and each balances by the counts of the other, so each pair is even.
      for (const [n, seen] of ['one', '1,1', 'three', '2,2', 'five', '3,3'].entries()) {
        const gateway = gateways[n % 2] as Gateway;
        open.push(
          fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
            method: 'POST',
            body: JSON.stringify({ model: MODEL }),
            signal: controller.signal,
          }),
        );
        const expected = (counts: string): boolean =>
          n % 2 === 1
            ? counts === seen
            : counts.split(',').reduce((sum, one) => sum + Number(one), 0) === n + 1;
        for (const each of gateways)
          await waitFor(async () => expected(await inFlight(each)), {
            describe: `${seen} in flight, seen by both gateways`,
          });
        await delay(IN_FLIGHT_SHARED_MS);
      }
    } finally {
      controller.abort();
      await Promise.allSettled(open);
    }
    for (const each of gateways)
      await waitFor(async () => (await inFlight(each)) === '0,0', { describe: 'none in flight' });
  });

  test('every worker of both gateways follows a drain that one gateway accepted', async () => {
    const [first, second] = gateways;
    const act = (action: string): Promise<Response> =>
      fetch(`${first.url}/internal/endpoints/one/${action}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN}` },
      });
    assert.equal((await act('drain')).status, 200);
    let onlyTwo = 0;
    await waitFor(
      async () => {
        onlyTwo = (await chat(second.url)).headers.get('x-olla-endpoint') === 'two' ? onlyTwo + 1 : 0;
        return onlyTwo === 12;
      },
      { describe: 'the other gateway to avoid the drained endpoint', intervalMs: 1 },
    );
    assert.equal((await act('resume')).status, 200);
    await waitFor(async () => (await chat(second.url)).headers.get('x-olla-endpoint') === 'one', {
      describe: 'the endpoint to be used again',
    });
  });

  test('a gateway avoids an endpoint that the other one ejected', async () => {
    const [first, second] = gateways;
    other.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse({ error: 'down' }, '502 Bad Gateway')));
    const countReaching = async (gateway: Gateway, times: number): Promise<number> => {
      const before = other.requests.length;
      for (let n = 0; n < times; n += 1) await (await chat(gateway.url)).text();
      return other.requests.length - before;
    };
    await waitFor(async () => (await countReaching(first, 6)) === 0, {
      describe: 'the ejection',
      intervalMs: 1,
    });
    let shown = 0;
    const isEjected = async (): Promise<number | null> => {
      // Each request has a connection of its own, and connections go to the workers in turn.
      const response = await fetch(`${second.url}/internal/status`, { headers: { connection: 'close' } });
      const { endpoints } = (await response.json()) as StatusBody;
      const { status, since } =
        endpoints.find(({ name }) => name === 'two') ?? assert.fail('no endpoint two');
      shown = status === 'ejected' ? shown + 1 : 0;
      return shown >= 4 ? Date.parse(since ?? '') : null;
    };
    await waitFor(
      async () => {
        const ejectedAt = await isEjected();
        if (ejectedAt === null) {
          // A probe or a health check may have re-admitted it.
          if (shown === 0) await countReaching(first, 6);
          return false;
        }
        const reached = await countReaching(second, 12);
        // Later than this, a request may have been the probe.
        if (Date.now() >= ejectedAt + EJECTION_MS) return false;
        assert.equal(reached, 0);
        return true;
      },
      { describe: 'requests that avoid the endpoint during its ejection', timeoutMs: 30_000, intervalMs: 1 },
    );
  });

  test('only requests of a killed gateway break, and the agent of the other one leads', async (t) => {
    const { cluster } = await readStatus(gateways[0]);
    const leader = cluster.agents.find(({ leading }) => leading);
    const index = gateways.findIndex((gateway) => gateway.children().agent === leader?.pid);
    const killed = gateways[index] as Gateway;
    const left = gateways[1 - index] as Gateway;
    const load = startChatLoad({ urls: [haproxy.url], model: MODEL, perSecond: 60 });
    await waitFor(() => load.results.length >= 30, { describe: 'the load' });
    const killedMs = performance.now();
    killed.process.killTree();
    await killed.process.waitForEnd();
    started.remove(killed);
    const goneMs = performance.now();
    await waitFor(
      async () => {
        const { agents } = (await readStatus(left)).cluster;
        return agents.find(({ leading }) => leading)?.pid === left.children().agent;
      },
      { describe: 'the other agent to lead', timeoutMs: LEAD_CHANGE_MS },
    );
    const ledAfterMs = performance.now() - killedMs;
    const results = await load.stop();
    const failed = results.filter(({ status }) => status !== 200);
    t.diagnostic(`${countByStatus(results)}; the other agent leads after ${Math.round(ledAfterMs)} ms`);
    // The gateway had these when it was killed. No later request fails.
    for (const { sentMs, doneMs } of failed)
      assert.ok(sentMs <= goneMs && doneMs >= killedMs, `sent ${sentMs - goneMs} ms after the end`);
    await other.close();
    started.remove(other);
    await waitFor(
      async () => (await readStatus(left)).endpoints.find(({ name }) => name === 'two')?.status === 'offline',
      { describe: 'the new leader to report the endpoint as offline' },
    );
    other = started.add(await startRawBackend({ models: [MODEL] }));
    gateways = [left, await startOne()];
  });
});
