import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_DEADLINE_MS } from '@olla/state/limiter/lease-sources';
import type { Gateway } from '@olla/testing/olla-process';
import type { RawBackend } from '@olla/testing/raw-backend';
import type { TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { countByStatus, startChatLoad, type ChatLoad, type ChatResult } from './chat-load.ts';
import { countOutageLines, readStatus } from './cluster-status.ts';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

/** The gateways of one cluster and what a test needs beside them. */
export interface Cluster {
  readonly t: TestContext;
  readonly gateways: readonly Gateway[];
  readonly redis: TestRedis;
  readonly model: string;
}

export interface ClusterOptions {
  /** Number of gateways. */
  readonly count: number;
  /** `server.rate_limits` */
  readonly limits: object;
  readonly redis: TestRedis;
  readonly backend: RawBackend;
  readonly model: string;
}

/** Makes a test function that starts the gateways of a cluster, runs `body` and stops them. */
export function withCluster(
  { count, limits, redis, backend, model }: ClusterOptions,
  body: (cluster: Cluster) => Promise<void>,
): (t: TestContext) => Promise<void> {
  return async (t) => {
    const rate_limits = { health_requests_per_minute: 0, ...limits };
    const config = { server: { rate_limits }, redis: { url: redis.url, name: randomUUID() } };
    const start = (): Promise<Gateway> =>
      startGatewayFor({ endpoints: [endpointConfig('only', backend)], config });
    const gateways = await Promise.all(Array.from({ length: count }, start));
    try {
      await body({ t, gateways, redis, model });
    } finally {
      for (const gateway of gateways) await gateway.stop();
    }
  };
}

export interface Limit {
  readonly ratePerMinute: number;
  readonly burst: number;
}

/** The most requests that a full bucket admits in this time. */
function allowedIn(ms: number, { ratePerMinute, burst }: Limit): number {
  return burst + (ms * ratePerMinute) / 60_000;
}

function admittedOf(results: readonly ChatResult[]): ChatResult[] {
  return results.filter(({ status }) => status === 200);
}

/** Waits until every gateway reaches Redis and knows all others. */
export async function waitForAgreement(gateways: readonly Gateway[]): Promise<void> {
  for (const gateway of gateways)
    await waitFor(
      async () => {
        const { state, cluster } = await readStatus(gateway);
        return state.connected && cluster.gateways.length === gateways.length;
      },
      { describe: `${gateways.length} gateways that know each other` },
    );
}

function startLoad({ gateways, model }: Cluster, perSecond: number, clients = 0): ChatLoad {
  return startChatLoad({ urls: gateways.map(({ url }) => url), model, perSecond, clients });
}

/** A worker repeats a refusal from memory until the next token is due, and a request takes some time to arrive. */
const SLACK_MS = 300;

/** A response of Redis may miss the deadline of a lease on a busy machine; the worker then uses its host's own share. */
const LATE_SHARE = 0.03;

/** Sends twice the limit to the gateways in turn, and asserts that they admit what one bucket holds. */
export async function assertAdmitsTheLimit(
  cluster: Cluster,
  limit: Limit & { readonly durationMs: number },
): Promise<void> {
  const { t, gateways } = cluster;
  await waitForAgreement(gateways);
  const startedMs = performance.now();
  const load = startLoad(cluster, (2 * limit.ratePerMinute) / 60);
  await delay(limit.durationMs);
  const sentForMs = performance.now() - startedMs;
  const results = await load.stop();
  const admitted = admittedOf(results);
  const lastMs = Math.max(...admitted.map(({ doneMs }) => doneMs)) - startedMs;
  const allowed = allowedIn(lastMs, limit);
  const over = (admitted.length / allowed - 1) * 100;
  t.diagnostic(
    `${gateways.length} gateway(s), ${countByStatus(results)} in ${Math.round(sentForMs)} ms: ` +
      `${admitted.length} admitted of ${allowed.toFixed(1)} allowed, over-admission ${over.toFixed(1)} %`,
  );
  assert.equal(admitted.length + results.filter(({ status }) => status === 429).length, results.length);
  assert.ok(admitted.length <= allowed * (1 + LATE_SHARE), `${admitted.length} of ${allowed}`);
  const least = Math.floor(allowedIn(sentForMs - SLACK_MS, limit));
  assert.ok(admitted.length >= least, `${admitted.length} admitted, ${least} tokens available`);
}

/**
 * Kills Redis for a while under twice the limit, restarts it empty, and asserts that no request fails and that limits
 * hold during the outage and after it.
 */
export async function assertLimitsDuringOutage(
  cluster: Cluster,
  limit: Limit & { readonly outageMs: number },
): Promise<void> {
  const { t, gateways, redis } = cluster;
  await waitForAgreement(gateways);
  const startedMs = performance.now();
  const load = startLoad(cluster, (2 * limit.ratePerMinute) / 60);
  await waitFor(() => load.results.some(({ status }) => status === 429), { describe: 'a refused request' });
  const killedMs = performance.now();
  await redis.kill();
  await waitForFallback(gateways);
  await delay(limit.outageMs - (performance.now() - killedMs));
  const backMs = performance.now();
  await redis.restart();
  await waitForAgreement(gateways);
  const agreedMs = performance.now();
  await delay(1_500);
  const results = await load.stop();
  const endMs = performance.now();

  const admitted = admittedOf(results);
  const during = admitted.filter(({ sentMs, doneMs }) => sentMs > killedMs && doneMs < backMs).length;
  const share = allowedIn(backMs - killedMs, limit);
  const total = allowedIn(endMs - startedMs, limit);
  t.diagnostic(
    `${countByStatus(results)}; admitted during the outage of ${Math.round(backMs - killedMs)} ms: ${during} ` +
      `(${(share - limit.burst).toFixed(0)} tokens became due); in total ${admitted.length}, ` +
      `rate × time + burst ${total.toFixed(0)}, and one burst for the emptied Redis; ` +
      `the gateways agreed ${Math.round(agreedMs - backMs)} ms after its restart`,
  );
  const failed = results.filter(({ status }) => status !== 200 && status !== 429);
  assert.equal(failed.length, 0, countByStatus(results));
  assert.ok(during <= share, `${during} of ${share} in the outage`);
  assert.ok(during >= (share - limit.burst) * 0.75, `${during} in the outage`);
  // While one host has found Redis again and the other has not, the other's share is admitted too.
  const overlap = allowedIn(agreedMs - backMs, { ...limit, burst: 0 }) / 2;
  const most = total + limit.burst + overlap;
  assert.ok(admitted.length <= most, `${admitted.length} of ${total}, one burst and ${overlap}`);
  await assertOneOutage(gateways);
}

async function waitForFallback(gateways: readonly Gateway[]): Promise<void> {
  for (const gateway of gateways)
    await waitFor(
      async () => {
        const { state, limits } = await readStatus(gateway);
        return !state.connected && limits.fallback_active;
      },
      { describe: 'the outage in the status' },
    );
}

/** Asserts that each gateway logged one outage and that they name the same leader. */
async function assertOneOutage(gateways: readonly Gateway[]): Promise<void> {
  for (const gateway of gateways) {
    await waitFor(() => countOutageLines(gateway).back > 0, { describe: 'the log line of the return' });
    assert.deepEqual(countOutageLines(gateway), { lost: 1, back: 1 }, gateway.process.output);
  }
  const leaders = await Promise.all(
    gateways.map(async (gateway) => (await readStatus(gateway)).cluster.agent_leader),
  );
  assert.equal(new Set(leaders).size, 1);
}

/** Stops Redis without closing its connections, and asserts that all requests succeed and few wait for it. */
export async function assertServesWhileRedisHangs(
  cluster: Cluster,
  traffic: { readonly perSecond: number; readonly hangMs: number },
): Promise<void> {
  const { t, gateways, redis } = cluster;
  await waitForAgreement(gateways);
  const load = startLoad(cluster, traffic.perSecond);
  await waitFor(() => load.results.length >= traffic.perSecond, { describe: 'one second of load' });
  const hungMs = performance.now();
  redis.pause();
  try {
    await delay(traffic.hangMs);
  } finally {
    redis.resume();
  }
  const resumedMs = performance.now();
  await waitForAgreement(gateways);
  const results = await load.stop();
  const during = results
    .filter(({ sentMs, doneMs }) => doneMs > hungMs && sentMs < resumedMs)
    .map(({ sentMs, doneMs }) => doneMs - sentMs)
    .sort((a, b) => a - b);
  const late = during.filter((ms) => ms >= LEASE_DEADLINE_MS).length;
  t.diagnostic(
    `${countByStatus(results)}; of ${during.length} while Redis hung, ${late} took ${LEASE_DEADLINE_MS} ms or more, ` +
      `the median ${during[during.length >> 1]?.toFixed(1)} ms, the longest ${during.at(-1)?.toFixed(0)} ms`,
  );
  assert.equal(countByStatus(results), `200×${results.length}`);
  // Each of four workers waits once. The other late requests are due to the machine.
  assert.ok(late <= during.length / 10, `${late} of ${during.length} waited`);
}
