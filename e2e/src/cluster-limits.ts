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

/** The gateways of one cluster and the other programs of a test. */
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

/** The maximum of requests that a full bucket admits in this time. */
function allowedIn(ms: number, { ratePerMinute, burst }: Limit): number {
  return burst + (ms * ratePerMinute) / 60_000;
}

function admittedOf(results: readonly ChatResult[]): ChatResult[] {
  return results.filter(({ status }) => status === 200);
}

/** Waits until every gateway reaches Redis and sees all others. */
export async function waitForAgreement(gateways: readonly Gateway[]): Promise<void> {
  for (const gateway of gateways)
    await waitFor(
      async () => {
        const { state, cluster } = await readStatus(gateway);
        return state.connected && cluster.gateways.length === gateways.length;
      },
      { describe: `${gateways.length} gateways that see each other` },
    );
}

function startLoad({ gateways, model }: Cluster, perSecond: number, clients = 0): ChatLoad {
  return startChatLoad({ urls: gateways.map(({ url }) => url), model, perSecond, clients });
}

interface Admitted {
  readonly admitted: number;
  /** The requests that one full bucket admits until the last of them was answered. */
  readonly allowed: number;
  readonly sentForMs: number;
}

/** Sends twice the limit to the gateways in turn. */
async function sendTwiceTheLimit(
  cluster: Cluster,
  limit: Limit & { readonly durationMs: number },
): Promise<Admitted> {
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
  t.diagnostic(
    `${gateways.length} gateway(s), ${countByStatus(results)} in ${Math.round(sentForMs)} ms: ` +
      `${admitted.length} admitted of ${allowed.toFixed(1)} allowed`,
  );
  assert.equal(admitted.length + results.filter(({ status }) => status === 429).length, results.length);
  return { admitted: admitted.length, allowed, sentForMs };
}

/**
 * For gateways with `on_state_loss: closed`. A response of Redis that misses its deadline, as on a busy machine, then
 * admits nothing, so that every admitted request has a token that Redis granted.
 */
export async function assertAdmitsNoMore(
  cluster: Cluster,
  limit: Limit & { readonly durationMs: number },
): Promise<void> {
  const { admitted, allowed } = await sendTwiceTheLimit(cluster, limit);
  assert.ok(admitted <= allowed, `${admitted} admitted, ${allowed} allowed`);
  assert.ok(admitted >= limit.burst, `${admitted} admitted, ${limit.burst} tokens in the full bucket`);
}

/**
 * A worker repeats a refusal from memory until the next token is due, and a token is lost that Redis grants after the
 * deadline.
 */
const SLACK_MS = 300;

/** For gateways with `on_state_loss: local`, where a late response of Redis refuses no request. */
export async function assertAdmitsAllAllowed(
  cluster: Cluster,
  limit: Limit & { readonly durationMs: number },
): Promise<void> {
  const { admitted, sentForMs } = await sendTwiceTheLimit(cluster, limit);
  const least = Math.floor(allowedIn(sentForMs - SLACK_MS, limit));
  assert.ok(admitted >= least, `${admitted} admitted, ${least} tokens available`);
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
  const earlier = gateways.map(countOutageLines);
  const killedMs = performance.now();
  await redis.kill();
  await waitForFallback(gateways);
  await delay(limit.outageMs - (performance.now() - killedMs));
  const backMs = performance.now();
  await redis.restart();
  await waitForAgreement(gateways);
  const agreedMs = performance.now();
  const more = load.results.length + Math.ceil((1.5 * 2 * limit.ratePerMinute) / 60);
  await waitFor(() => load.results.length >= more, { describe: 'requests after the outage' });
  const results = await load.stop();
  const endMs = performance.now();

  const admitted = admittedOf(results);
  const during = admitted.filter(({ sentMs, doneMs }) => sentMs > killedMs && doneMs < backMs).length;
  const share = allowedIn(backMs - killedMs, limit);
  const total = allowedIn(endMs - startedMs, limit);
  t.diagnostic(
    `${countByStatus(results)}; admitted during the outage of ${Math.round(backMs - killedMs)} ms: ${during} ` +
      `(${(share - limit.burst).toFixed(0)} tokens became due); in total ${admitted.length}, ` +
      `rate × time + burst ${total.toFixed(0)}, and one more burst for each change; ` +
      `the gateways agreed ${Math.round(agreedMs - backMs)} ms after its restart`,
  );
  const failed = results.filter(({ status }) => status !== 200 && status !== 429);
  assert.equal(failed.length, 0, countByStatus(results));
  assert.ok(during <= share, `${during} of ${share} in the outage`);
  const least = Math.floor(allowedIn(backMs - killedMs - SLACK_MS, { ...limit, burst: 0 }));
  assert.ok(during >= least, `${during} in the outage, ${least} tokens available`);
  // One extra burst for each change: into the outage, and out of it to an emptied Redis.
  const most = total + 2 * limit.burst;
  assert.ok(admitted.length <= most, `${admitted.length} of ${total} and two bursts`);
  await assertOneOutage(gateways, earlier);
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

/** Asserts that each gateway logged one outage more than earlier and that they name the same leader. */
async function assertOneOutage(
  gateways: readonly Gateway[],
  earlier: readonly ReturnType<typeof countOutageLines>[],
): Promise<void> {
  for (const [i, gateway] of gateways.entries()) {
    const { lost = 0, back = 0 } = earlier[i] ?? {};
    await waitFor(() => countOutageLines(gateway).back > back, { describe: 'the log line of the return' });
    assert.deepEqual(countOutageLines(gateway), { lost: lost + 1, back: back + 1 }, gateway.process.output);
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
  const tookMs = ({ sentMs, doneMs }: ChatResult): number => doneMs - sentMs;
  const usualMs = Math.max(...results.filter(({ doneMs }) => doneMs <= hungMs).map(tookMs));
  const during = results.filter(({ sentMs, doneMs }) => doneMs > hungMs && sentMs < resumedMs).map(tookMs);
  const late = during.filter((ms) => ms >= usualMs + LEASE_DEADLINE_MS).length;
  t.diagnostic(
    `${countByStatus(results)}; before, the longest took ${usualMs.toFixed(0)} ms; of ${during.length} while Redis hung, ` +
      `${late} took ${LEASE_DEADLINE_MS} ms longer, the longest ${Math.max(...during).toFixed(0)} ms`,
  );
  assert.equal(countByStatus(results), `200×${results.length}`);
  // Each worker waits for one deadline, and the requests that arrive during it wait with it.
  const workers = gateways.flatMap((gateway) => gateway.children().workers).length;
  const most = workers + Math.ceil((traffic.perSecond * LEASE_DEADLINE_MS) / 1_000);
  assert.ok(late <= most, `${late} of ${during.length} waited`);
}
