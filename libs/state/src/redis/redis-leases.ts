import { LEASE_TTL_MS } from '../bucket.ts';
import type { DirectLeases } from '../member/leases.ts';
import { checkRequests } from '../memory/buckets.ts';
import type { LeaseGrant, LeaseRequest, LeaseReturn } from '../ports/leases.ts';
import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import type { LeaseStore } from '../store.ts';
import { RedisConnection } from './connection.ts';
import { Keys } from './keys.ts';
import { leaseScripts } from './lease-scripts.ts';
import type { RedisOptions } from './options.ts';

const SCRIPTS = leaseScripts();

/** For members that take leases through their hub. */
const HUB_DEADLINE_MS = 50;

export interface RedisLeasesOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly liveWorkers: () => number;
}

/** Takes leases from Redis. */
export class RedisLeases implements LeaseStore {
  readonly #connection: RedisConnection;
  readonly #keys: Keys;
  readonly #liveWorkers: () => number;

  constructor({ connection, keys, liveWorkers }: RedisLeasesOptions) {
    this.#connection = connection;
    this.#keys = keys;
    this.#liveWorkers = liveWorkers;
  }

  async take(
    holder: string,
    requests: readonly LeaseRequest[],
    deadlineMs = HUB_DEADLINE_MS,
  ): Promise<readonly LeaseGrant[]> {
    checkRequests(requests);
    const args: (string | number)[] = [holder, this.#liveWorkers(), LEASE_TTL_MS, this.#keys.all];
    for (const { key, ratePerMinute, capacity, need, spare } of requests) {
      args.push(ratePerMinute, capacity, need, spare, key);
    }
    const keys = requests.map(({ key }) => this.#keys.limit(key));
    const taken = await this.#connection.runScript(SCRIPTS.take, { deadlineMs, keys, args });
    return taken.map(([granted, leaseId, remaining, stranded, retryAfterMs, resetMs], i) => ({
      key: requests[i]?.key ?? '',
      granted,
      leaseId,
      expiresInMs: LEASE_TTL_MS,
      remaining,
      stranded,
      retryAfterMs,
      resetMs,
    }));
  }

  /** While Redis is unreachable the returns are lost, and the tokens count as spent. */
  returnLeases(holder: string, returns: readonly LeaseReturn[]): void {
    if (returns.length === 0 || !this.#connection.isUp) return;
    const args: (string | number)[] = [holder];
    for (const { leaseId, spent, unspent } of returns) args.push(leaseId, spent, unspent);
    const keys = returns.map(({ key }) => this.#keys.limit(key));
    this.#connection.runScript(SCRIPTS.giveBack, { deadlineMs: COMMAND_TIMEOUT_MS, keys, args }).catch(() => {
      // The contract allows the loss. The connection reports the outage.
    });
  }
}

/** How long the start of a worker waits for Redis. */
const START_WAIT_MS = 500;

/** A worker's own connection for its leases, so that no other process delays them. */
export async function openDirectLeases(
  options: RedisOptions,
  holder: string,
  liveWorkers: () => number,
): Promise<DirectLeases> {
  const connection = new RedisConnection(options);
  await connection.whenStarted(START_WAIT_MS);
  const leases = new RedisLeases({ connection, keys: new Keys(options.name), liveWorkers });
  return {
    take: (requests, deadlineMs) => leases.take(holder, requests, deadlineMs),
    returnLeases: (returns) => leases.returnLeases(holder, returns),
    hurry: () => connection.hurry(),
    close() {
      connection.close();
      return Promise.resolve();
    },
  };
}
