import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { StatusBody } from '@olla/admin-api/schema/status';
import { runOlla, writeConfig, type Gateway } from '@olla/testing/olla-process';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { startSimulator, type Simulator } from '@olla/testing/simulator-process';
import type { StartedProcess } from '@olla/testing/started-process';
import { waitFor } from '@olla/testing/wait-for';
import { offer, outageLines, startHaproxy, statusOf, tally, type Balancer } from './cluster-for.ts';
import { modelKnown, startGatewayFor } from './gateway-for.ts';

const MODEL = 'llama3.1:8b';
/** Its answers take some seconds. */
const LONG = { name: 'storyteller:8b', loaded: true, decodeTps: 20, answerTokens: 2_000 };

suite('two gateways, two agents on their own and a Redis behind HAProxy', () => {
  let redis: TestRedis;
  let fleet: Simulator;
  let agents: StartedProcess[];
  let gateways: [Gateway, Gateway];
  let balancer: Balancer;

  before(async () => {
    redis = await startRedis();
    const models = [{ name: MODEL, loaded: true }, LONG];
    fleet = await startSimulator({
      timeScale: 50,
      servers: [
        { name: 'desk', type: 'ollama', memoryGb: 24, slots: 16, models },
        { name: 'rack', type: 'ollama', memoryGb: 24, slots: 16, models },
      ],
    });
    const endpoints = fleet.servers.map(({ name, url, type }) => ({
      name,
      url,
      type,
      check_interval: '200ms',
      check_timeout: '400ms',
    }));
    const shared = { redis: { url: redis.url } };
    const file = writeConfig({
      ...shared,
      discovery: { model_discovery: { interval: '500ms' }, static: { endpoints } },
    });
    agents = await Promise.all([runOlla(['agent', '-c', file]), runOlla(['agent', '-c', file])]);
    const start = (): Promise<Gateway> =>
      startGatewayFor({ endpoints, config: { ...shared, discovery: { agent: 'external' } } });
    gateways = await Promise.all([start(), start()]);
    for (const gateway of gateways) await modelKnown(gateway, MODEL);
    balancer = await startHaproxy(gateways);
  });
  after(async () => {
    balancer.process.killTree();
    for (const gateway of gateways) await gateway.stop();
    for (const agent of agents) agent.killTree();
    await fleet.stop();
    await redis.stop();
  });

  const leaderPid = ({ cluster }: StatusBody): number | undefined =>
    cluster.agents.find(({ leading }) => leading)?.pid;
  /** The process that leads; the status of both gateways agrees. */
  const leader = (not?: StartedProcess): Promise<StartedProcess> =>
    waitFor(
      async () => {
        const [one, two] = await Promise.all(
          gateways.map(async (gateway) => leaderPid(await statusOf(gateway))),
        );
        return one === two ? agents.find((agent) => agent !== not && agent.pid === one) : undefined;
      },
      { describe: 'one leader in the status of both gateways' },
    );
  const tokenOf = async (gateway: Gateway): Promise<number> => (await statusOf(gateway)).snapshot?.token ?? 0;

  test('the status tells of gateways, workers and agents', async () => {
    await leader();
    for (const gateway of gateways) {
      const { cluster } = await statusOf(gateway);
      assert.deepEqual(
        [cluster.gateways.length, cluster.workers.length, cluster.agents.length],
        [2, 4, 2],
        JSON.stringify(cluster),
      );
    }
  });

  test('an agent paused past its lead overwrites nothing when it goes on', async (t) => {
    const paused = await leader();
    const before = await tokenOf(gateways[0]);
    const load = offer([balancer.url], MODEL, 20);
    const pausedMs = performance.now();
    process.kill(paused.pid, 'SIGSTOP');
    try {
      const next = await leader(paused);
      t.diagnostic(`the other agent leads after ${Math.round(performance.now() - pausedMs)} ms`);
      const token = await waitFor(
        async () => {
          const now = await tokenOf(gateways[0]);
          return now > before ? now : null;
        },
        { describe: 'a snapshot of the new leader' },
      );
      process.kill(paused.pid, 'SIGCONT');
      await waitFor(() => paused.stdout.includes('no longer leads'), {
        describe: 'the paused agent to notice',
      });
      for (const gateway of gateways) assert.ok((await tokenOf(gateway)) >= token);
      assert.equal(await leader(), next);
    } finally {
      process.kill(paused.pid, 'SIGCONT');
    }
    const outcomes = await load.stop();
    assert.equal(tally(outcomes), `200×${outcomes.length}`);
  });

  test('the leading agent killed: the other leads within seconds, requests notice nothing', async (t) => {
    const killed = await leader();
    const load = offer([balancer.url], MODEL, 20);
    const killedMs = performance.now();
    killed.killTree();
    await leader(killed);
    t.diagnostic(`the other agent leads after ${Math.round(performance.now() - killedMs)} ms`);
    assert.ok(performance.now() - killedMs < 8_000);
    const outcomes = await load.stop();
    assert.equal(tally(outcomes), `200×${outcomes.length}`);
  });

  test('Redis killed: requests are answered from the last snapshot, and all is well afterwards', async () => {
    const load = offer([balancer.url], MODEL, 20);
    await redis.kill();
    for (const gateway of gateways)
      await waitFor(async () => !(await statusOf(gateway)).state.connected, { describe: 'the outage' });
    const answered = load.outcomes.length;
    await waitFor(() => load.outcomes.length >= answered + 20, { describe: 'answers without Redis' });
    await redis.restart();
    await leader();
    for (const gateway of gateways)
      await waitFor(async () => (await statusOf(gateway)).cluster.gateways.length === 2, {
        describe: 'both gateways in the status',
      });
    const outcomes = await load.stop();
    assert.equal(tally(outcomes), `200×${outcomes.length}`);
    const living = agents.filter((agent) => agent.child.exitCode === null && agent.child.signalCode === null);
    for (const { process } of [...gateways, ...living.map((agent) => ({ process: agent }))]) {
      await waitFor(() => outageLines({ process }).back > 0, { describe: 'the line that tells of the end' });
      assert.deepEqual(outageLines({ process }), { lost: 1, back: 1 });
    }
  });

  test('a gateway killed breaks its own streams and no others', async () => {
    const streams = Array.from({ length: 6 }, () => openStream(balancer.url));
    await waitFor(() => streams.every(({ bytes }) => bytes() > 0), { describe: 'six streams that run' });
    const held = await Promise.all(
      gateways.map(async (gateway) => {
        const pids = gateway.children().workers;
        const { workers } = (await statusOf(gateway)).cluster;
        return workers
          .filter(({ pid }) => pids.includes(pid))
          .reduce((sum, { in_flight }) => sum + in_flight, 0);
      }),
    );
    assert.equal(held[0]! + held[1]!, 6);
    gateways[0].process.killTree();
    await gateways[0].process.waitForEnd();
    const ended = await Promise.all(streams.map(({ whole }) => whole));
    assert.equal(ended.filter((whole) => !whole).length, held[0]);
    const load = offer([balancer.url], MODEL, 20);
    await waitFor(() => load.outcomes.length >= 10, { describe: 'answers of the other gateway' });
    const outcomes = await load.stop();
    assert.equal(tally(outcomes), `200×${outcomes.length}`);
    gateways = [gateways[1], gateways[1]];
  });

  interface Stream {
    bytes(): number;
    /** Whether it came to its end. */
    readonly whole: Promise<boolean>;
  }

  function openStream(url: string): Stream {
    let received = 0;
    const read = async (): Promise<boolean> => {
      try {
        const response = await fetch(`${url}/olla/openai/v1/chat/completions`, {
          method: 'POST',
          headers: { connection: 'close' },
          body: JSON.stringify({
            model: LONG.name,
            stream: true,
            messages: [{ role: 'user', content: 'Hi' }],
          }),
        });
        let text = '';
        for await (const part of response.body ?? []) {
          received += part.length;
          text = (text + Buffer.from(part).toString('latin1')).slice(-100);
        }
        return text.includes('[DONE]');
      } catch {
        // It broke, as `whole` tells.
        return false;
      }
    };
    return { bytes: () => received, whole: read() };
  }
});
