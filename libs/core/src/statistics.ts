import { joinDistinct, newDistinctCount, type DistinctCount } from './distinct-count.ts';

/**
 * The one table of instruments. Each worker counts here, in plain numbers; `/internal/status`, the console, metrics
 * and traces read from here. All counters are absolute since the worker started, so that a report that arrives
 * twice counts once.
 */

/** Upper bounds of the latency buckets in milliseconds; the last bucket is open. */
export const LATENCY_BUCKETS_MS = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
] as const;

/** Counts of one thing that requests are told apart by: the whole worker, an endpoint, a model. */
export interface TrafficCounters {
  /** Requests settled. */
  requests: number;
  /** Of those, the ones that failed: a 5xx or a broken answer of a backend, none reached, our own fault. */
  failures: number;
  /** Requests whose client left before the end; neither a success nor a failure. */
  cancelled: number;
  /** Bytes of bodies towards the client and from it. */
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
  /** Attempts that failed and were followed by another endpoint. */
  retries: number;
  /** When the last request was settled; epoch milliseconds, 0 for never. */
  lastAt: number;
}

/** How requests for one model were routed, and from how many clients they came. */
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

/** What one worker counted of sticky sessions. */
export interface SessionCounters {
  /** Sessions it knows, those that other workers placed included. */
  readonly active: number;
  /** First turns. */
  readonly insertions: number;
  /** Turns of sessions that were known, and of those that were not. */
  readonly hits: number;
  readonly misses: number;
  /** Sessions it forgot for want of room. */
  readonly evictions: number;
}

/** A response that was refused because it is not HTTP as RFC 9112 has it. */
export interface InvalidResponse {
  readonly endpoint: string;
  /** Names the header or the line, and what is wrong with it. */
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** All that one worker has counted since it started, and what it holds now. */
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
  /** The last one of each endpoint, if it is not long ago. */
  readonly invalidResponses?: readonly InvalidResponse[];
  /** Spans dropped because a collector was away. */
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

/** Adds `from` to `into`; a client that both have seen counts once. */
export function addRouting(into: ModelRouting, from: ModelRouting): void {
  into.hits += from.hits;
  into.misses += from.misses;
  into.fallbacks += from.fallbacks;
  joinDistinct(into.clients, from.clients);
}
