import { noteDistinct } from '@olla/core/distinct-count';
import {
  bucketOf,
  newModelRouting,
  newTrafficCounters,
  type ModelRouting,
  type TrafficCounters,
  type WorkerStatistics,
} from '@olla/core/statistics';

/** Models that are counted apart; what comes beyond is counted in the total and for its endpoint only. */
const MAX_MODELS = 10_000;
/** Refused addresses that are counted; more only show as so many. */
const MAX_BLOCKED = 10_000;
const BLOCKED_FOR_MS = 60_000;

/** How a request ended, as far as counting goes. */
export interface Settlement {
  /** Null where no endpoint was reached. */
  readonly endpoint: string | null;
  readonly model: string | null;
  readonly result: 'ok' | 'failed' | 'cancelled';
  readonly durationMs: number;
  /** Null where no body byte came. */
  readonly firstByteMs: number | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly retries: number;
}

/** One worker's table of instruments. Counting allocates nothing once an endpoint and a model are known. */
export class StatisticsRecorder {
  readonly #total = newTrafficCounters();
  readonly #endpoints: Record<string, TrafficCounters> = {};
  readonly #models: Record<string, TrafficCounters> = {};
  readonly #modelEndpoints: Record<string, TrafficCounters> = {};
  /** Addresses refused lately, with the moment of the last refusal. */
  readonly #blocked = new Map<string, number>();
  readonly #routing: Record<string, ModelRouting> = {};
  #modelCount = 0;
  readonly rejected = { global: 0, perIp: 0, health: 0, size: 0 };
  connections = 0;
  leaseWaits = 0;
  droppedSpans = 0;
  readonly #onChange: () => void;

  /** @param onChange called whenever a count has changed */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  settle(settlement: Settlement): void {
    const at = Date.now();
    this.#onChange();
    count(this.#total, settlement, at);
    const { endpoint, model } = settlement;
    if (endpoint !== null) count((this.#endpoints[endpoint] ??= newTrafficCounters()), settlement, at);
    if (model === null) return;
    const counters = this.#countersOf(model);
    if (counters === null) return;
    count(counters, settlement, at);
    if (endpoint !== null)
      count((this.#modelEndpoints[`${model}\u0000${endpoint}`] ??= newTrafficCounters()), settlement, at);
  }

  /** Where a request for a known model went. Models beyond those that are counted apart are left out. */
  route(model: string, outcome: 'hits' | 'misses' | 'fallbacks', address: string): void {
    if (this.#countersOf(model) === null) return;
    const routing = (this.#routing[model] ??= newModelRouting());
    routing[outcome] += 1;
    noteDistinct(routing.clients, address);
  }

  /** A request was refused by a limit. */
  reject(limit: 'global' | 'per_ip' | 'health', address: string): void {
    this.#onChange();
    if (limit === 'per_ip') this.rejected.perIp += 1;
    else this.rejected[limit] += 1;
    if (this.#blocked.size >= MAX_BLOCKED) this.#forgetBlocked();
    if (this.#blocked.size < MAX_BLOCKED) this.#blocked.set(address, Date.now());
  }

  report(inFlight: Record<string, number>): WorkerStatistics {
    this.#forgetBlocked();
    return {
      total: this.#total,
      endpoints: this.#endpoints,
      models: this.#models,
      modelEndpoints: this.#modelEndpoints,
      routing: this.#routing,
      inFlight,
      connections: this.connections,
      rejected: { ...this.rejected },
      blockedAddresses: this.#blocked.size,
      leaseWaits: this.leaseWaits,
      droppedSpans: this.droppedSpans,
    };
  }

  #forgetBlocked(): void {
    const since = Date.now() - BLOCKED_FOR_MS;
    for (const [address, at] of this.#blocked) if (at < since) this.#blocked.delete(address);
  }

  #countersOf(model: string): TrafficCounters | null {
    const known = this.#models[model];
    if (known !== undefined) return known;
    if (this.#modelCount >= MAX_MODELS) return null;
    this.#modelCount += 1;
    return (this.#models[model] = newTrafficCounters());
  }
}

function count(into: TrafficCounters, settlement: Settlement, at: number): void {
  const { durationMs, firstByteMs } = settlement;
  into.minMs = into.requests === 0 ? durationMs : Math.min(into.minMs, durationMs);
  into.maxMs = Math.max(into.maxMs, durationMs);
  into.requests += 1;
  if (settlement.result === 'failed') into.failures += 1;
  else if (settlement.result === 'cancelled') into.cancelled += 1;
  into.bytesIn += settlement.bytesIn;
  into.bytesOut += settlement.bytesOut;
  into.durationSumMs += durationMs;
  const bucket = bucketOf(durationMs);
  into.durationBuckets[bucket] = (into.durationBuckets[bucket] ?? 0) + 1;
  if (firstByteMs !== null) {
    const first = bucketOf(firstByteMs);
    into.firstByteBuckets[first] = (into.firstByteBuckets[first] ?? 0) + 1;
    into.firstByteSumMs += firstByteMs;
  }
  into.tokensIn += settlement.tokensIn;
  into.tokensOut += settlement.tokensOut;
  into.retries += settlement.retries;
  into.lastAt = at;
}
