import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { StatusBody } from '@olla/admin-api/schema/status';
import { runOlla, writeConfig, type Gateway } from '@olla/testing/olla-process';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { startSimulator, type Simulator } from '@olla/testing/simulator-process';
import { Started } from '@olla/testing/started';
import type { StartedProcess } from '@olla/testing/started-process';
import { waitFor } from '@olla/testing/wait-for';
import { countByStatus, startChatLoad } from './chat-load.ts';
import { countOutageLines, readStatus } from './cluster-status.ts';
import { waitForModel, startGatewayFor } from './start-gateway-for.ts';
import { startHaproxy, type Haproxy } from './start-haproxy.ts';

const MODEL = 'llama3.1:8b';
/** A model whose responses take some seconds. */
const LONG = { name: 'storyteller:8b', loaded: true, decodeTps: 20, answerTokens: 2_000 };

describe('two gateways and two separate agents with one Redis behind HAProxy', () => {
  let redis: TestRedis;
  let fleet: Simulator;
  let agents: StartedProcess[];
  let gateways: [Gateway, Gateway];
  let haproxy: Haproxy;

  const started = new Started();
  before(async () => {
    redis = started.add(await startRedis());
    const models = [{ name: MODEL, loaded: true }, LONG];
    fleet = started.add(
      await startSimulator({
        timeScale: 50,
        servers: [
          { name: 'desk', type: 'ollama', memoryGb: 24, slots: 16, models },
          { name: 'rack', type: 'ollama', memoryGb: 24, slots: 16, models },
        ],
      }),
    );
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
    const startAgent = async (): Promise<StartedProcess> => {
      const agent = await runOlla(['agent', '-c', file]);
      started.onStop(() => agent.killTree());
      return agent;
    };
    agents = await Promise.all([startAgent(), startAgent()]);
    const start = async (): Promise<Gateway> =>
      started.add(
        await startGatewayFor({ endpoints, config: { ...shared, discovery: { agent: 'external' } } }),
      );
    gateways = await Promise.all([start(), start()]);
    for (const gateway of gateways) await waitForModel(gateway, MODEL);
    haproxy = await startHaproxy(gateways);
    started.onStop(() => haproxy.process.killTree());
  });
  after(() => started.stop());

  const leaderPid = ({ cluster }: StatusBody): number | undefined =>
    cluster.agents.find(({ leading }) => leading)?.pid;
  /** Waits until both gateways name the same leader, and resolves with its process. */
  const waitForLeader = (except?: StartedProcess): Promise<StartedProcess> =>
    waitFor(
      async () => {
        const [one, two] = await Promise.all(
          gateways.map(async (gateway) => leaderPid(await readStatus(gateway))),
        );
        return one === two ? agents.find((agent) => agent !== except && agent.pid === one) : undefined;
      },
      { describe: 'one leader in the status of both gateways' },
    );
  const readToken = async (gateway: Gateway): Promise<number> =>
    (await readStatus(gateway)).snapshot?.token ?? 0;

  test('the status of each gateway lists all gateways, workers and agents', async () => {
    await waitForLeader();
    for (const gateway of gateways)
      await waitFor(
        async () => {
          const { cluster } = await readStatus(gateway);
          return cluster.gateways.length === 2 && cluster.workers.length === 4 && cluster.agents.length === 2;
        },
        { describe: 'two gateways, four workers and two agents in the status' },
      );
  });

  test('a paused leader replaces no newer snapshot when it continues', async (t) => {
    const paused = await waitForLeader();
    const before = await readToken(gateways[0]);
    const load = startChatLoad({ urls: [haproxy.url], model: MODEL, perSecond: 20 });
    const pausedMs = performance.now();
    process.kill(paused.pid, 'SIGSTOP');
    try {
      const next = await waitForLeader(paused);
      t.diagnostic(`the other agent leads after ${Math.round(performance.now() - pausedMs)} ms`);
      const token = await waitFor(
        async () => {
          const now = await readToken(gateways[0]);
          return now > before ? now : null;
        },
        { describe: 'a snapshot of the new leader' },
      );
      process.kill(paused.pid, 'SIGCONT');
      await waitFor(() => paused.stdout.includes('no longer leads'), {
        describe: 'the paused agent to log that it does not lead',
      });
      for (const gateway of gateways) assert.ok((await readToken(gateway)) >= token);
      assert.equal(await waitForLeader(), next);
    } finally {
      process.kill(paused.pid, 'SIGCONT');
    }
    const results = await load.stop();
    assert.equal(countByStatus(results), `200×${results.length}`);
  });

  test('the other agent leads within 8 s when the leader is killed, and no request fails', async (t) => {
    const killed = await waitForLeader();
    const load = startChatLoad({ urls: [haproxy.url], model: MODEL, perSecond: 20 });
    const killedMs = performance.now();
    killed.killTree();
    await waitForLeader(killed);
    t.diagnostic(`the other agent leads after ${Math.round(performance.now() - killedMs)} ms`);
    assert.ok(performance.now() - killedMs < 8_000);
    const results = await load.stop();
    assert.equal(countByStatus(results), `200×${results.length}`);
  });

  test('requests are served from the last snapshot while Redis is down, and the cluster recovers', async () => {
    const living = agents.filter((agent) => agent.child.exitCode === null && agent.child.signalCode === null);
    const processes = [...gateways.map(({ process }) => process), ...living];
    // A busy machine may have had outages before, when Redis answered late.
    const linesBefore = processes.map((process) => countOutageLines({ process }));
    const load = startChatLoad({ urls: [haproxy.url], model: MODEL, perSecond: 20 });
    await redis.kill();
    for (const gateway of gateways)
      await waitFor(async () => !(await readStatus(gateway)).state.connected, { describe: 'the outage' });
    const before = load.results.length;
    await waitFor(() => load.results.length >= before + 20, { describe: '20 responses without Redis' });
    await redis.restart();
    await waitForLeader();
    for (const gateway of gateways)
      await waitFor(async () => (await readStatus(gateway)).cluster.gateways.length === 2, {
        describe: 'both gateways in the status',
      });
    const results = await load.stop();
    assert.equal(countByStatus(results), `200×${results.length}`);
    for (const [index, process] of processes.entries()) {
      const { lost, back } = linesBefore[index]!;
      await waitFor(() => countOutageLines({ process }).back > back, {
        describe: 'the log line of the return',
      });
      const expected = { lost: lost + 1, back: back + 1 };
      assert.deepEqual(countOutageLines({ process }), expected, process.output);
    }
  });

  test('a killed gateway breaks its own streams and no others', async () => {
    const streams = Array.from({ length: 6 }, () => openStream(haproxy.url));
    await waitFor(() => streams.every(({ bytes }) => bytes() > 0), { describe: 'six running streams' });
    const held = await Promise.all(
      gateways.map(async (gateway) => {
        const pids = gateway.children().workers;
        const { workers } = (await readStatus(gateway)).cluster;
        return workers
          .filter(({ pid }) => pid !== undefined && pids.includes(pid))
          .reduce((sum, { in_flight }) => sum + in_flight, 0);
      }),
    );
    assert.equal(held[0]! + held[1]!, 6);
    gateways[0].process.killTree();
    await gateways[0].process.waitForEnd();
    started.remove(gateways[0]);
    const ended = await Promise.all(streams.map(({ whole }) => whole));
    assert.equal(ended.filter((whole) => !whole).length, held[0]);
    const load = startChatLoad({ urls: [haproxy.url], model: MODEL, perSecond: 20 });
    await waitFor(() => load.results.length >= 10, { describe: '10 responses of the other gateway' });
    const results = await load.stop();
    assert.equal(countByStatus(results), `200×${results.length}`);
  });

  interface Stream {
    bytes(): number;
    /** Whether the stream was complete. */
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
        // `whole` is false for a broken stream.
        return false;
      }
    };
    return { bytes: () => received, whole: read() };
  }
});
