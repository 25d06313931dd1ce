import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { COUNT_ATTEMPTS_LUA } from './lease-scripts.ts';

/** Shorter than a member waits for its hub: it is to have the host's decision, not a deadline. */
const DEADLINE_MS = 1_000;

/** One attempt on an endpoint at a time in the whole cluster: a limit of one within the probe's time. */
export class Probes {
  readonly #connection: RedisConnection;
  readonly #limiter: RateLimiterRedis;

  constructor(connection: RedisConnection, keys: Keys) {
    this.#connection = connection;
    this.#limiter = new RateLimiterRedis({
      storeClient: connection.client,
      keyPrefix: `${keys.prefix}probe`,
      points: 1,
      duration: 1,
      // With this script a duration is in milliseconds; the library's own has whole seconds.
      customIncrTtlLuaScript: COUNT_ATTEMPTS_LUA,
    });
  }

  acquire(endpointKey: string, ttlMs: number): Promise<boolean> {
    return this.#connection.run('acquire a probe', DEADLINE_MS, async () => {
      try {
        await this.#limiter.consume(endpointKey, 1, { customDuration: Math.max(1, Math.round(ttlMs)) });
        return true;
      } catch (rejection) {
        // A refusal is a plain result; anything else is an error of Redis.
        if (rejection instanceof RateLimiterRes) return false;
        throw rejection;
      }
    });
  }
}
