import { noteDistinct } from '@olla/core/distinct-count';
import { newRecord } from '@olla/core/records';
import {
  bucketOf,
  newModelRouting,
  newTrafficCounters,
  type ModelRouting,
  type TrafficCounters,
  type WorkerStatistics,
} from '@olla/core/statistics';
import type { RequestRecord } from './request-record.ts';

/** Most models with their own counters; further ones count in the total and for their endpoint only. */
const MAX_MODELS = 10_000;
/** Most refused addresses that are counted. */
const MAX_BLOCKED = 10_000;
const BLOCKED_FOR_MS = 60_000;

/** The counted facts of a request. */
export type SettledRequest = Pick<
  RequestRecord,
  | 'isTraffic'
  | 'startedAt'
  | 'endedAt'
  | 'firstByteAt'
  | 'clientAddress'
  | 'result'
  | 'error'
  | 'endpoint'
  | 'routing'
  | 'bytesIn'
  | 'bytesOut'
  | 'tokensIn'
  | 'tokensOut'
  | 'retries'
>;

/** The figures of a worker's report that are not counted here. */
export type HeldNow = Pick<
  WorkerStatistics,
  'inFlight' | 'connections' | 'droppedSpans' | 'sessions' | 'invalidResponses'
>;

/** One worker's counters. Counting allocates nothing once an endpoint and a model have occurred. */
export class StatisticsRecorder {
  readonly #total = newTrafficCounters();
  readonly #endpoints = newRecord<TrafficCounters>();
  readonly #models = newRecord<TrafficCounters>();
  readonly #modelEndpoints = newRecord<TrafficCounters>();
  /** Addresses refused lately, with the moment of the last refusal. */
  readonly #blocked = new Map<string, number>();
  readonly #routing = newRecord<ModelRouting>();
  #modelCount = 0;
  readonly #rejected = { global: 0, perIp: 0, health: 0, size: 0 };
  #leaseWaits = 0;
  readonly #onChange: () => void;

  /** @param onChange called whenever a count has changed */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** A request is over. */
  settle(record: SettledRequest): void {
    if (record.error === 'BODY_TOO_LARGE') this.#rejected.size += 1;
    if (!record.isTraffic) return;
    const at = Date.now();
    this.#onChange();
    count(this.#total, record, at);
    const { endpoint, routing } = record;
    if (endpoint !== null) count((this.#endpoints[endpoint] ??= newTrafficCounters()), record, at);
    if (routing === null) return;
    const { model, decision } = routing;
    const counters = this.#countersOf(model);
    if (counters === null) return;
    const routed = (this.#routing[model] ??= newModelRouting());
    routed[decision] += 1;
    noteDistinct(routed.clients, record.clientAddress);
    if (endpoint === null) return;
    count(counters, record, at);
    count((this.#modelEndpoints[`${model}\u0000${endpoint}`] ??= newTrafficCounters()), record, at);
  }

  /**
   * A request was refused by a limit. Costs the same however many were: old addresses are forgotten by `report`.
   *
   * @param client the address by which the client is counted, or the /64 of an IPv6 address
   */
  reject(limit: 'global' | 'per_ip' | 'health', client: string): void {
    this.#onChange();
    if (limit === 'per_ip') this.#rejected.perIp += 1;
    else this.#rejected[limit] += 1;
    if (this.#blocked.size < MAX_BLOCKED || this.#blocked.has(client)) this.#blocked.set(client, Date.now());
  }

  /** Counts a request that waits for the shared state, because the worker does not hold a token of a limit. */
  waitForLease(): void {
    this.#leaseWaits += 1;
  }

  report(held: HeldNow): WorkerStatistics {
    this.#forgetBlocked();
    return {
      total: this.#total,
      endpoints: this.#endpoints,
      models: this.#models,
      modelEndpoints: this.#modelEndpoints,
      routing: this.#routing,
      rejected: { ...this.#rejected },
      blockedAddresses: this.#blocked.size,
      leaseWaits: this.#leaseWaits,
      ...held,
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

function count(into: TrafficCounters, record: SettledRequest, at: number): void {
  const durationMs = record.endedAt - record.startedAt;
  into.minMs = into.requests === 0 ? durationMs : Math.min(into.minMs, durationMs);
  into.maxMs = Math.max(into.maxMs, durationMs);
  into.requests += 1;
  if (record.result === 'failed') into.failures += 1;
  else if (record.result === 'cancelled') into.cancelled += 1;
  into.bytesIn += record.bytesIn;
  into.bytesOut += record.bytesOut;
  into.durationSumMs += durationMs;
  const bucket = bucketOf(durationMs);
  into.durationBuckets[bucket] = (into.durationBuckets[bucket] ?? 0) + 1;
  if (record.firstByteAt !== null) {
    const firstByteMs = record.firstByteAt - record.startedAt;
    const first = bucketOf(firstByteMs);
    into.firstByteBuckets[first] = (into.firstByteBuckets[first] ?? 0) + 1;
    into.firstByteSumMs += firstByteMs;
  }
  into.tokensIn += record.tokensIn;
  into.tokensOut += record.tokensOut;
  into.retries += record.retries;
  into.lastAt = at;
}
