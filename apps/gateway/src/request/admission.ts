import type { Settings } from '@olla/config/schema';
import { OllaError } from '@olla/core/errors';
import { limitKey } from '@olla/core/limits-address/client-address';
import type { Admission, LimitSpec } from '@olla/state/limiter/admission';
import type { Exchange } from './exchange.ts';
import type { Route } from './routes.ts';
import type { WorkerContext } from '../worker-context.ts';

/** Addresses whose limits are kept at hand; beyond it they are made anew. */
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

const WINDOW_S = 60;

/** Adds what every limited answer says of its limit: the original's headers, and those of the IETF's draft. */
function addLimitHeaders(exchange: Exchange, admission: Admission, name: LimitSpec['name']): void {
  const { limit, remaining } = admission;
  const resetS = Math.ceil(admission.resetMs / 1000);
  exchange.baseHeaders.push(
    'X-RateLimit-Limit',
    String(limit),
    'X-RateLimit-Remaining',
    String(remaining),
    'X-RateLimit-Reset',
    String(Math.floor(Date.now() / 1000) + resetS),
    'RateLimit-Policy',
    `"${name}";q=${limit};w=${WINDOW_S}`,
    'RateLimit',
    `"${name}";r=${remaining};t=${resetS}`,
  );
}

const KEYS: Record<LimitSpec['name'], string> = {
  global: 'server.rate_limits.global_requests_per_minute',
  per_ip: 'server.rate_limits.per_ip_requests_per_minute',
  health: 'server.rate_limits.health_requests_per_minute',
};

export function refusal(admission: Admission, spec: LimitSpec): OllaError {
  const whose = spec.name === 'global' ? 'all clients together' : 'this address';
  const retryAfterS = Math.max(1, Math.ceil(admission.retryAfterMs / 1000));
  return new OllaError(
    'RATE_LIMITED',
    `${whose} may send ${spec.ratePerMinute} requests a minute (${KEYS[spec.name]}). Try again in ${retryAfterS} s`,
    { retryAfterS },
  );
}

/** Takes a token of each limit that the request falls under. @throws OllaError RATE_LIMITED */
export function admit(context: WorkerContext, exchange: Exchange, route: Route): Promise<void> | null {
  const limits =
    route.kind === 'admin' || !exchange.path.startsWith('/olla')
      ? context.limits.system(exchange.address)
      : context.limits.traffic(exchange.address);
  if (limits.length === 0) return null;
  const admission = context.limiter.admit(limits);
  if (!(admission instanceof Promise)) {
    conclude(admission);
    return null;
  }
  context.statistics.leaseWaits += 1;
  return admission.then(conclude);

  function conclude(decided: Awaited<typeof admission>): void {
    exchange.admission = decided;
    addLimitHeaders(exchange, decided, (decided.refusedBy ?? (limits.at(-1) as LimitSpec)).name);
    if (decided.refusedBy === null) return;
    context.statistics.reject(decided.refusedBy.name, exchange.address);
    throw refusal(decided, decided.refusedBy);
  }
}
