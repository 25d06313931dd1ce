import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { COUNT_ATTEMPTS_LUA } from './lease-scripts.ts';

/** Shorter than a member's deadline for its hub, so that the member receives the host's decision in time. */
const DEADLINE_MS = 1_000;

/** Grants one probe of an endpoint at a time in the whole cluster: a limit of one within the probe's time. */
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
      // This script takes the duration in milliseconds; the library's own script takes seconds.
      customIncrTtlLuaScript: COUNT_ATTEMPTS_LUA,
    });
  }

  acquire(endpointKey: string, ttlMs: number): Promise<boolean> {
    return this.#connection.run('acquire a probe', DEADLINE_MS, async () => {
      try {
        await this.#limiter.consume(endpointKey, 1, { customDuration: Math.max(1, Math.round(ttlMs)) });
        return true;
      } catch (rejection) {
        // The library rejects with a plain result for a refusal; other rejections are errors of Redis.
        if (rejection instanceof RateLimiterRes) return false;
        throw rejection;
      }
    });
  }
}
