import { setTimeout as delay } from 'node:timers/promises';
import type { TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { countByStatus, startChatLoad } from './chat-load.ts';
import { waitForAgreement, type Cluster } from './cluster-limits.ts';
import { readStatus } from './cluster-status.ts';

/** The commands that clients send. All others come from scripts. */
const CLIENT_COMMANDS = ['evalsha', 'eval', 'publish', 'ping'] as const;
const IDLE_MS = 2_000;

type Command = (typeof CLIENT_COMMANDS)[number];

/** The number of calls of a command since the statistics of Redis were last reset. */
async function readCalls(redis: TestRedis): Promise<(command: Command) => number> {
  const stats = await redis.send('INFO commandstats');
  return (command) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

export interface RedisCost {
  /** Script calls for 1,000 proxied requests, without those that an idle cluster makes. */
  readonly scripts: number;
  /** Requests out of 1,000 that waited for a response of the shared state. */
  readonly waited: number;
}

/** Measures how many commands requests cost Redis, by its own statistics. */
export async function measureRedisCost(
  { t, gateways, redis, model }: Cluster,
  { requests, perSecond, clients }: Record<'requests' | 'perSecond' | 'clients', number>,
): Promise<RedisCost> {
  await waitForAgreement(gateways);
  const [first] = gateways;
  if (first === undefined) throw new RangeError('the cluster has no gateway');
  const readWaits = async (): Promise<number> => (await readStatus(first)).traffic.lease_waits_total;
  const waitsBefore = await readWaits();
  await redis.send('CONFIG RESETSTAT');
  await delay(IDLE_MS);
  const idle = await readCalls(redis);
  await redis.send('CONFIG RESETSTAT');
  const startedMs = performance.now();
  const load = startChatLoad({ urls: gateways.map(({ url }) => url), model, perSecond, clients });
  await waitFor(() => load.results.length >= requests, {
    describe: `${requests} responses`,
    timeoutMs: 120_000,
    intervalMs: 5,
  });
  const results = await load.stop();
  const tookMs = performance.now() - startedMs;
  const total = await readCalls(redis);
  const perThousand = 1_000 / results.filter(({ status }) => status === 200).length;
  const cost = (command: Command): number =>
    Math.max(0, total(command) - (idle(command) * tookMs) / IDLE_MS) * perThousand;
  const costs = CLIENT_COMMANDS.map(
    (command) =>
      `${command} ${cost(command).toFixed(0)} (${(idle(command) / (IDLE_MS / 1_000)).toFixed(1)}/s idle)`,
  );
  const waited = ((await readWaits()) - waitsBefore) * perThousand;
  t.diagnostic(
    `${countByStatus(results)} in ${Math.round(tookMs)} ms; for 1,000 proxied: ${costs.join(', ')}; ${waited.toFixed(0)} waited`,
  );
  return { scripts: cost('evalsha') + cost('eval'), waited };
}
