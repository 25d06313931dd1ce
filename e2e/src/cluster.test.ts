import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { needProgram } from '@olla/testing/debian';
import { freePort } from '@olla/testing/free-port';
import type { Gateway } from '@olla/testing/olla-process';
import {
  jsonAnswer,
  startRawBackend,
  whenComplete,
  type Answer,
  type RawBackend,
} from '@olla/testing/raw-backend';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { StartedProcess } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';
import { waitFor } from '@olla/testing/wait-for';
import { endpointOf, startGatewayFor } from './gateway-for.ts';

const MODEL = 'shared';
const ADMIN = 'token-of-the-cluster';

interface Status {
  readonly system: { readonly total_requests: number };
  readonly state: { readonly kind: string; readonly connected: boolean };
  readonly endpoints: readonly {
    readonly name: string;
    readonly status: string;
    readonly in_flight: number;
  }[];
  readonly cluster: { readonly gateways: readonly { readonly id: string }[] };
}

/** HAProxy as an operator runs it: dead gateways are found by their health, a refused connection goes elsewhere. */
async function startHaproxy(gateways: readonly Gateway[]): Promise<{ url: string; process: StartedProcess }> {
  const port = await freePort();
  const config = join(tempFolder(), 'haproxy.cfg');
  const servers = gateways.map(
    (gateway, n) => `  server gw${n} 127.0.0.1:${gateway.port} check inter 200ms fall 1 rise 1`,
  );
  const lines = [
    'defaults',
    '  mode http',
    '  timeout connect 2s',
    '  timeout client 1h',
    '  timeout server 1h',
    '  retries 2',
    '  option redispatch 1',
    '  retry-on conn-failure empty-response',
    'frontend olla',
    `  bind 127.0.0.1:${port}`,
    '  default_backend gateways',
    'backend gateways',
    '  balance roundrobin',
    '  option httpchk GET /internal/health',
    ...servers,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const process = await StartedProcess.start(needProgram('haproxy'), ['-db', '-f', config]);
  const url = `http://127.0.0.1:${port}`;
  await process.until('HAProxy reaches a gateway', async () => (await fetch(`${url}/internal/health`)).ok);
  return { url, process };
}

suite('two gateways with one Redis behind HAProxy', () => {
  let redis: TestRedis;
  let backend: RawBackend;
  let other: RawBackend;
  let gateways: [Gateway, Gateway];
  let balancer: Awaited<ReturnType<typeof startHaproxy>>;

  const startOne = (): Promise<Gateway> =>
    startGatewayFor({
      endpoints: [endpointOf('one', backend), endpointOf('two', other)],
      config: { redis: { url: redis.url }, admin: { token: ADMIN } },
      models: [MODEL],
    });
  before(async () => {
    redis = await startRedis();
    backend = await startRawBackend({ models: [MODEL] });
    other = await startRawBackend({ models: [MODEL] });
    gateways = [await startOne(), await startOne()];
    balancer = await startHaproxy(gateways);
  });
  after(async () => {
    balancer.process.killTree();
    for (const gateway of gateways) await gateway.stop();
    await backend.close();
    await other.close();
    await redis.stop();
  });

  beforeEach(() => {
    const answer: Answer = (request) =>
      whenComplete(request, () => request.socket.write(jsonAnswer({ ok: true })));
    backend.answer = other.answer = answer;
  });

  const status = async (gateway: Gateway): Promise<Status> =>
    (await (await fetch(`${gateway.url}/internal/status`)).json()) as Status;
  const chat = (url: string): Promise<Response> =>
    fetch(`${url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify({ model: MODEL }),
      signal: AbortSignal.timeout(10_000),
    });

  /** Requests one after another until told to stop; the statuses that came back. */
  function traffic(url: string): { stop: () => Promise<Map<number, number>> } {
    const statuses = new Map<number, number>();
    let going = true;
    const lane = async (): Promise<void> => {
      while (going) {
        const { status: code } = await chat(url).catch(() => ({ status: 0 }));
        statuses.set(code, (statuses.get(code) ?? 0) + 1);
      }
    };
    const lanes = [lane(), lane(), lane(), lane()];
    return {
      async stop() {
        going = false;
        await Promise.all(lanes);
        return statuses;
      },
    };
  }

  test('the status of either tells of both, and counts what both answered', async () => {
    for (let n = 0; n < 10; n += 1) assert.equal((await chat(balancer.url)).status, 200);
    for (const gateway of gateways) {
      await waitFor(
        async () => {
          const { system, state, cluster } = await status(gateway);
          return state.kind === 'redis' && cluster.gateways.length === 2 && system.total_requests >= 10;
        },
        { describe: 'both gateways and their requests in the status' },
      );
    }
  });

  test('what one has in flight the other counts too', async () => {
    backend.answer = other.answer = () => {};
    const controller = new AbortController();
    const [first, second] = gateways;
    const open = Array.from({ length: 6 }, () =>
      fetch(`${first.url}/olla/openai/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: MODEL }),
        signal: controller.signal,
      }),
    );
    const settled = Promise.allSettled(open);
    const inFlight = async (): Promise<string> =>
      (await status(second)).endpoints.map(({ in_flight }) => in_flight).join();
    await waitFor(
      async () => {
        assert.equal(await inFlight(), '3,3');
        return true;
      },
      { describe: 'three on each endpoint, seen by the other gateway' },
    );
    controller.abort();
    await settled;
    await waitFor(async () => (await inFlight()) === '0,0', { describe: 'none in flight' });
  });

  test('a drain asked of one gateway is obeyed by every worker of both', async () => {
    const [first, second] = gateways;
    const order = (what: string): Promise<Response> =>
      fetch(`${first.url}/internal/endpoints/one/${what}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN}` },
      });
    assert.equal((await order('drain')).status, 200);
    let onlyTwo = 0;
    await waitFor(
      async () => {
        onlyTwo = (await chat(second.url)).headers.get('x-olla-endpoint') === 'two' ? onlyTwo + 1 : 0;
        return onlyTwo === 12;
      },
      { describe: 'the other gateway to leave the drained endpoint alone', intervalMs: 1 },
    );
    assert.equal((await order('resume')).status, 200);
    await waitFor(async () => (await chat(second.url)).headers.get('x-olla-endpoint') === 'one', {
      describe: 'the endpoint to be used again',
    });
  });

  test('Redis killed under load: no request fails, the outage shows, and all is well afterwards', async () => {
    const [first] = gateways;
    const load = traffic(balancer.url);
    await redis.kill();
    await waitFor(async () => !(await status(first)).state.connected, {
      describe: 'the outage in the status',
    });
    for (let n = 0; n < 20; n += 1) assert.equal((await chat(balancer.url)).status, 200);
    await redis.restart();
    for (const gateway of gateways)
      await waitFor(
        async () => {
          const { state, cluster } = await status(gateway);
          return state.connected && cluster.gateways.length === 2;
        },
        { describe: 'both gateways to be back on Redis' },
      );
    const statuses = await load.stop();
    assert.deepEqual([...statuses.keys()], [200], JSON.stringify([...statuses]));
  });

  test('the gateway whose agent leads is killed under load: nothing that can be sent again fails, the other leads', async () => {
    const [first, second] = gateways;
    const load = traffic(balancer.url);
    first.process.killTree();
    await first.process.waitForEnd();
    for (let n = 0; n < 20; n += 1) assert.equal((await chat(balancer.url)).status, 200);
    const statuses = await load.stop();
    const failed = [...statuses].filter(([code]) => code !== 200).reduce((sum, [, count]) => sum + count, 0);
    assert.ok(
      failed <= 4,
      `only requests under way in the killed gateway may fail: ${JSON.stringify([...statuses])}`,
    );
    // The agent that is left notices that an endpoint goes.
    await other.close();
    await waitFor(
      async () => (await status(second)).endpoints.find(({ name }) => name === 'two')?.status === 'offline',
      {
        describe: 'the other agent to lead',
        timeoutMs: 20_000,
      },
    );
    assert.equal((await chat(second.url)).status, 200);
    other = await startRawBackend({ models: [MODEL] });
    gateways = [await startOne(), second];
  });
});

suite('a limit that two gateways share', () => {
  test('four workers on two gateways admit no more than one bucket holds', async () => {
    const redis = await startRedis();
    const backend = await startRawBackend({ models: [MODEL] });
    const rate_limits = { global_requests_per_minute: 60, per_ip_requests_per_minute: 0, burst_size: 20 };
    const start = (): Promise<Gateway> =>
      startGatewayFor({
        endpoints: [endpointOf('only', backend)],
        config: { server: { rate_limits }, redis: { url: redis.url } },
      });
    const gateways = [await start(), await start()];
    const startedMs = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, n) =>
        fetch(`${gateways[n % 2]?.url}/olla/openai/v1/chat/completions`, {
          method: 'POST',
          body: JSON.stringify({ model: MODEL }),
        }),
      ),
    );
    const earned = Math.ceil((performance.now() - startedMs) / 1000);
    const codes = answers.map(({ status }) => status);
    const admitted = codes.filter((code) => code !== 429).length;
    assert.ok(
      codes.every((code) => code === 200 || code === 429),
      codes.join(),
    );
    assert.ok(admitted >= 19 && admitted <= 20 + earned, `${admitted} of 80 admitted, ${earned} earned`);
    for (const gateway of gateways) await gateway.stop();
    await backend.close();
    await redis.stop();
  });
});
