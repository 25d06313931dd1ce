import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway } from '@olla/testing/olla-process';
import type { RawBackend } from '@olla/testing/raw-backend';
import type { TestRedis } from '@olla/testing/redis';
import { LEASE_DEADLINE_MS } from '@olla/state/limiter/lease-sources';
import { waitFor } from '@olla/testing/wait-for';
import { offer, outageLines, statusOf, tally, type Outcome } from './cluster-for.ts';
import { endpointOf, startGatewayFor } from './gateway-for.ts';

export type GatewaysTest = (gateways: readonly Gateway[], t: TestContext) => Promise<void>;

/** Runs a test's body with gateways of one cluster of its own. */
export async function testGateways(
  t: TestContext,
  options: {
    readonly count: number;
    readonly limits: object;
    readonly redis: TestRedis;
    readonly backend: RawBackend;
  },
  body: GatewaysTest,
): Promise<void> {
  const { count, limits, redis, backend } = options;
  const rate_limits = { health_requests_per_minute: 0, ...limits };
  const config = { server: { rate_limits }, redis: { url: redis.url, name: randomUUID() } };
  const start = (): Promise<Gateway> => startGatewayFor({ endpoints: [endpointOf('only', backend)], config });
  const gateways = await Promise.all(Array.from({ length: count }, start));
  try {
    await body(gateways, t);
  } finally {
    for (const gateway of gateways) await gateway.stop();
  }
}

export interface Limit {
  readonly ratePerMinute: number;
  readonly burst: number;
}

/** What a bucket that was full may have given in this time. */
function allowedIn(ms: number, { ratePerMinute, burst }: Limit): number {
  return burst + (ms * ratePerMinute) / 60_000;
}

function admittedOf(outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.filter(({ status }) => status === 200);
}

/** Waits until every gateway knows that there are so many, and reaches Redis. */
async function agreed(gateways: readonly Gateway[]): Promise<void> {
  for (const gateway of gateways)
    await waitFor(
      async () => {
        const { state, cluster } = await statusOf(gateway);
        return state.connected && cluster.gateways.length === gateways.length;
      },
      { describe: `${gateways.length} gateways that know each other` },
    );
}

/** Refusals are repeated from memory until the next token is due, and requests are some time on their way. */
const SLACK_MS = 300;

/** On a busy machine an answer of Redis may miss its 50 ms; the host's own share then decides. */
const LATE_SHARE = 0.03;

/** Offers twice the limit to the gateways in turn; what they admit must be what one bucket holds. */
export async function admittedAtTwiceTheLimit(
  t: TestContext,
  gateways: readonly Gateway[],
  model: string,
  limit: Limit & { readonly durationMs: number },
): Promise<void> {
  await agreed(gateways);
  const urls = gateways.map(({ url }) => url);
  const startedMs = performance.now();
  const load = offer(urls, model, (2 * limit.ratePerMinute) / 60);
  await delay(limit.durationMs);
  const offeredForMs = performance.now() - startedMs;
  const outcomes = await load.stop();
  const admitted = admittedOf(outcomes);
  const lastMs = Math.max(...admitted.map(({ doneMs }) => doneMs)) - startedMs;
  const allowed = allowedIn(lastMs, limit);
  const over = (admitted.length / allowed - 1) * 100;
  t.diagnostic(
    `${gateways.length} gateway(s), ${tally(outcomes)} in ${Math.round(offeredForMs)} ms: ` +
      `${admitted.length} admitted of ${allowed.toFixed(1)} allowed, over-admission ${over.toFixed(1)} %`,
  );
  assert.equal(admitted.length + outcomes.filter(({ status }) => status === 429).length, outcomes.length);
  assert.ok(admitted.length <= allowed * (1 + LATE_SHARE), `${admitted.length} of ${allowed}`);
  const least = Math.floor(allowedIn(offeredForMs - SLACK_MS, limit));
  assert.ok(admitted.length >= least, `${admitted.length} admitted, ${least} had a token`);
}

/** Kills Redis under twice the limit's load, for a while, and starts it again empty. */
export async function admittedUnderOutage(
  t: TestContext,
  gateways: readonly Gateway[],
  redis: TestRedis,
  model: string,
  limit: Limit & { readonly outageMs: number },
): Promise<void> {
  await agreed(gateways);
  const startedMs = performance.now();
  const load = offer(
    gateways.map(({ url }) => url),
    model,
    (2 * limit.ratePerMinute) / 60,
  );
  await waitFor(() => load.outcomes.some(({ status }) => status === 429), { describe: 'a limit that acts' });
  const killedMs = performance.now();
  await redis.kill();
  for (const gateway of gateways)
    await waitFor(
      async () => {
        const { state, limits } = await statusOf(gateway);
        return !state.connected && limits.fallback_active;
      },
      { describe: 'the outage in the status' },
    );
  await delay(limit.outageMs - (performance.now() - killedMs));
  const backMs = performance.now();
  await redis.restart();
  await agreed(gateways);
  const agreedMs = performance.now();
  await delay(1_500);
  const outcomes = await load.stop();
  const endMs = performance.now();

  const admitted = admittedOf(outcomes);
  const during = admitted.filter(({ sentMs, doneMs }) => sentMs > killedMs && doneMs < backMs).length;
  const failed = outcomes.filter(({ status }) => status !== 200 && status !== 429).length;
  const share = allowedIn(backMs - killedMs, limit);
  const total = allowedIn(endMs - startedMs, limit);
  t.diagnostic(
    `${tally(outcomes)}; ${failed} failed; admitted while Redis was away for ${Math.round(backMs - killedMs)} ms: ` +
      `${during} (${(share - limit.burst).toFixed(0)} come back in that time); in all ${admitted.length}, ` +
      `rate × time + burst ${total.toFixed(0)}, and one burst for the emptied Redis; ` +
      `reconciled ${Math.round(agreedMs - backMs)} ms after its start`,
  );
  assert.equal(failed, 0, tally(outcomes));
  assert.ok(during <= share, `${during} of ${share} in the outage`);
  assert.ok(during >= (share - limit.burst) * 0.75, `${during} in the outage`);
  // While one host has found Redis again and the other has not, the other's share comes on top.
  const overlap = allowedIn(agreedMs - backMs, { ...limit, burst: 0 }) / 2;
  const most = total + limit.burst + overlap;
  assert.ok(admitted.length <= most, `${admitted.length} of ${total}, one burst and ${overlap}`);
  for (const gateway of gateways) {
    await waitFor(() => outageLines(gateway).back > 0, { describe: 'the line that tells of the end' });
    assert.deepEqual(outageLines(gateway), { lost: 1, back: 1 }, gateway.process.output);
  }
  const leaders = await Promise.all(
    gateways.map(async (gateway) => (await statusOf(gateway)).cluster.agent_leader),
  );
  assert.equal(new Set(leaders).size, 1);
}

/** Stops Redis without closing its connections; requests must go on as if nothing were. */
export async function answeredWhileRedisHangs(
  t: TestContext,
  gateways: readonly Gateway[],
  redis: TestRedis,
  model: string,
  traffic: { readonly perSecond: number; readonly hangMs: number },
): Promise<void> {
  await agreed(gateways);
  const load = offer(
    gateways.map(({ url }) => url),
    model,
    traffic.perSecond,
  );
  await waitFor(() => load.outcomes.length >= traffic.perSecond, { describe: 'the load' });
  const hungMs = performance.now();
  redis.pause();
  try {
    await delay(traffic.hangMs);
  } finally {
    redis.resume();
  }
  const resumedMs = performance.now();
  await agreed(gateways);
  const outcomes = await load.stop();
  const during = outcomes
    .filter(({ sentMs, doneMs }) => doneMs > hungMs && sentMs < resumedMs)
    .map(({ sentMs, doneMs }) => doneMs - sentMs)
    .sort((a, b) => a - b);
  const late = during.filter((ms) => ms >= LEASE_DEADLINE_MS).length;
  t.diagnostic(
    `${tally(outcomes)}; of ${during.length} while Redis hung, ${late} took ${LEASE_DEADLINE_MS} ms or more, ` +
      `the median ${during[during.length >> 1]?.toFixed(1)} ms, the longest ${during.at(-1)?.toFixed(0)} ms`,
  );
  assert.equal(tally(outcomes), `200×${outcomes.length}`);
  // Each of four workers waits once; the rest is the machine's.
  assert.ok(late <= during.length / 10, `${late} of ${during.length} waited`);
}

/** Commands that clients send; all others come from scripts. */
const CLIENT_COMMANDS = ['evalsha', 'eval', 'publish', 'ping'] as const;
const IDLE_MS = 2_000;

type Calls = Readonly<Record<(typeof CLIENT_COMMANDS)[number], number>>;

/** Commands that Redis has had from clients since its count was last reset. */
async function callsOf(redis: TestRedis): Promise<Calls> {
  const stats = await redis.send('INFO commandstats');
  const calls = (name: string): number =>
    Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return Object.fromEntries(CLIENT_COMMANDS.map((name) => [name, calls(name)])) as Calls;
}

export interface Cost {
  /** Script calls for 1,000 proxied requests, beyond those that a cluster without traffic makes. */
  readonly scripts: number;
  /** Requests that waited for an answer of the shared state, of 1,000. */
  readonly waited: number;
}

/** What requests cost Redis, by its own count. */
export async function commandsFor(
  t: TestContext,
  gateways: readonly Gateway[],
  redis: TestRedis,
  model: string,
  traffic: { readonly requests: number; readonly perSecond: number; readonly addresses: number },
): Promise<Cost> {
  await agreed(gateways);
  const waits = async (): Promise<number> =>
    (await statusOf(gateways[0] as Gateway)).traffic.lease_waits_total;
  const waitedBefore = await waits();
  await redis.send('CONFIG RESETSTAT');
  await delay(IDLE_MS);
  const idle = await callsOf(redis);
  await redis.send('CONFIG RESETSTAT');
  const startedMs = performance.now();
  const load = offer(
    gateways.map(({ url }) => url),
    model,
    traffic.perSecond,
    traffic.addresses,
  );
  await waitFor(() => load.outcomes.length >= traffic.requests, {
    describe: 'the requests',
    timeoutMs: 120_000,
    intervalMs: 5,
  });
  const outcomes = await load.stop();
  const tookMs = performance.now() - startedMs;
  const all = await callsOf(redis);
  const per = 1_000 / admittedOf(outcomes).length;
  const beyondIdle = (name: keyof Calls): number =>
    Math.max(0, all[name] - (idle[name] * tookMs) / IDLE_MS) * per;
  const counts = CLIENT_COMMANDS.map(
    (name) =>
      `${name} ${beyondIdle(name).toFixed(0)} (${(idle[name] / (IDLE_MS / 1_000)).toFixed(1)}/s idle)`,
  );
  const waited = ((await waits()) - waitedBefore) * per;
  t.diagnostic(
    `${tally(outcomes)} in ${Math.round(tookMs)} ms; for 1,000 proxied: ${counts.join(', ')}; ${waited.toFixed(0)} waited`,
  );
  return { scripts: beyondIdle('evalsha') + beyondIdle('eval'), waited };
}
