import { joinDistinct, newDistinctCount, type DistinctCount } from './distinct-count.ts';

/**
 * The one table of instruments. Each worker counts here, in plain numbers; `/internal/status`, the console, metrics and
 * traces read it. All counters are absolute since the worker's start, so that a report that arrives twice counts once.
 */

/** Upper bounds of the latency buckets in milliseconds; the last bucket is open. */
export const LATENCY_BUCKETS_MS = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
] as const;

/** Counters of one subject: the whole worker, an endpoint, or a model. */
export interface TrafficCounters {
  /** Requests settled. */
  requests: number;
  /** Failed ones: a 5xx or a broken response of a backend, no backend reached, or a fault of the gateway. */
  failures: number;
  /** Requests whose client left before the end; neither successes nor failures. */
  cancelled: number;
  /** Bytes of bodies to the client and from it. */
  bytesOut: number;
  bytesIn: number;
  /** Sum of durations from accept to settle, for averages; milliseconds. */
  durationSumMs: number;
  minMs: number;
  maxMs: number;
  /** Requests by duration, one count for each of LATENCY_BUCKETS_MS and one above. */
  durationBuckets: number[];
  /** Requests by time to the first body byte, the same buckets; and their sum. */
  firstByteBuckets: number[];
  firstByteSumMs: number;
  /** Tokens as backends report them. */
  tokensIn: number;
  tokensOut: number;
  /** Failed attempts that were followed by another endpoint. */
  retries: number;
  /** When the last request was settled; epoch milliseconds, 0 for never. */
  lastAt: number;
}

/** How requests for one model were routed, and the number of their clients. */
export interface ModelRouting {
  /** Sent to an endpoint that has it. */
  hits: number;
  /** Refused, because no endpoint that has it was in service. */
  misses: number;
  /** Sent to an endpoint without it, as the strategy `optimistic` may. */
  fallbacks: number;
  /** See distinct-count.ts. */
  readonly clients: DistinctCount;
}

/** One worker's counters of sticky sessions. */
export interface SessionCounters {
  /** Known sessions, those placed by other workers included. */
  readonly active: number;
  /** First turns. */
  readonly insertions: number;
  /** Turns of known sessions, and turns of unknown ones. */
  readonly hits: number;
  readonly misses: number;
  /** Sessions dropped because the table was full. */
  readonly evictions: number;
}

/** A response that was refused because it violates HTTP (RFC 9112). */
export interface InvalidResponse {
  readonly endpoint: string;
  /** Names the header or the line, and its fault. */
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** All counters of one worker since its start, and its current values. */
export interface WorkerStatistics {
  readonly total: TrafficCounters;
  readonly endpoints: Record<string, TrafficCounters>;
  readonly models: Record<string, TrafficCounters>;
  /** By `model\u0000endpoint`. */
  readonly modelEndpoints: Record<string, TrafficCounters>;
  /** Requests in flight now, by endpoint name. */
  readonly inFlight: Record<string, number>;
  readonly connections: number;
  readonly rejected: { global: number; perIp: number; health: number; size: number };
  /** Addresses that were refused at least once in the last minute. */
  readonly blockedAddresses: number;
  /** How often a request waited for the shared state (a lease). */
  readonly leaseWaits: number;
  /** The last one of each endpoint, if recent. */
  readonly invalidResponses?: readonly InvalidResponse[];
  /** Spans dropped because a collector was unreachable. */
  readonly droppedSpans: number;
  /** By model; absent before the first. */
  readonly routing?: Record<string, ModelRouting>;
  /** Absent where sessions are not sticky. */
  readonly sessions?: SessionCounters;
}

export function newTrafficCounters(): TrafficCounters {
  return {
    requests: 0,
    failures: 0,
    cancelled: 0,
    bytesOut: 0,
    bytesIn: 0,
    durationSumMs: 0,
    minMs: 0,
    maxMs: 0,
    durationBuckets: new Array<number>(LATENCY_BUCKETS_MS.length + 1).fill(0),
    firstByteBuckets: new Array<number>(LATENCY_BUCKETS_MS.length + 1).fill(0),
    firstByteSumMs: 0,
    tokensIn: 0,
    tokensOut: 0,
    retries: 0,
    lastAt: 0,
  };
}

/** Index into a bucket array for a duration. */
export function bucketOf(ms: number): number {
  let index = 0;
  while (index < LATENCY_BUCKETS_MS.length && ms > (LATENCY_BUCKETS_MS[index] as number)) index += 1;
  return index;
}

/** Adds `from` to `into`: the sum of two workers. */
export function addTraffic(into: TrafficCounters, from: TrafficCounters): void {
  into.minMs =
    into.requests === 0 ? from.minMs : from.requests === 0 ? into.minMs : Math.min(into.minMs, from.minMs);
  into.maxMs = Math.max(into.maxMs, from.maxMs);
  into.requests += from.requests;
  into.failures += from.failures;
  into.cancelled += from.cancelled;
  into.bytesOut += from.bytesOut;
  into.bytesIn += from.bytesIn;
  into.durationSumMs += from.durationSumMs;
  into.firstByteSumMs += from.firstByteSumMs;
  into.tokensIn += from.tokensIn;
  into.tokensOut += from.tokensOut;
  into.retries += from.retries;
  into.lastAt = Math.max(into.lastAt, from.lastAt);
  for (let i = 0; i < into.durationBuckets.length; i += 1) {
    into.durationBuckets[i] = (into.durationBuckets[i] ?? 0) + (from.durationBuckets[i] ?? 0);
    into.firstByteBuckets[i] = (into.firstByteBuckets[i] ?? 0) + (from.firstByteBuckets[i] ?? 0);
  }
}

export function newModelRouting(): ModelRouting {
  return { hits: 0, misses: 0, fallbacks: 0, clients: newDistinctCount() };
}

/** Adds `from` to `into`; a client of both counts once. */
export function addRouting(into: ModelRouting, from: ModelRouting): void {
  into.hits += from.hits;
  into.misses += from.misses;
  into.fallbacks += from.fallbacks;
  joinDistinct(into.clients, from.clients);
}
