import type { Settings } from '@olla/config/schema';
import { limitKey } from '@olla/core/limits-address/client-address';
import type { LimitSpec } from '@olla/state/limiter/admission';

/** Maximum addresses whose limits are cached. */
const MAX_CACHED_ADDRESSES = 10_000;

type RateLimits = Settings['server']['rate_limits'];

/** Which limits a request falls under: the global and its address's on /olla/*, the health limit elsewhere. */
export class LimitTable {
  readonly #settings: RateLimits;
  readonly #global: LimitSpec | null;
  #traffic = new Map<string, readonly LimitSpec[]>();
  #system = new Map<string, readonly LimitSpec[]>();

  constructor(settings: RateLimits) {
    this.#settings = settings;
    const rate = settings.global_requests_per_minute;
    this.#global =
      rate === 0
        ? null
        : { name: 'global', key: 'global', ratePerMinute: rate, capacity: settings.burst_size };
  }

  traffic(address: string): readonly LimitSpec[] {
    return this.#cached(this.#traffic, address, () => {
      const own = this.#spec('per_ip', 'ip', address, this.#settings.per_ip_requests_per_minute);
      return [...(this.#global === null ? [] : [this.#global]), ...own];
    });
  }

  system(address: string): readonly LimitSpec[] {
    return this.#cached(this.#system, address, () =>
      this.#spec('health', 'health', address, this.#settings.health_requests_per_minute),
    );
  }

  #spec(name: LimitSpec['name'], prefix: string, address: string, ratePerMinute: number): LimitSpec[] {
    if (ratePerMinute === 0) return [];
    return [
      { name, key: `${prefix}:${limitKey(address)}`, ratePerMinute, capacity: this.#settings.burst_size },
    ];
  }

  #cached(
    cache: Map<string, readonly LimitSpec[]>,
    address: string,
    make: () => readonly LimitSpec[],
  ): readonly LimitSpec[] {
    const known = cache.get(address);
    if (known !== undefined) return known;
    if (cache.size >= MAX_CACHED_ADDRESSES) cache.clear();
    const specs = make();
    cache.set(address, specs);
    return specs;
  }
}
