import type { TrafficBody } from '@olla/admin-api/schema/traffic';
import type { TrafficCounters } from '@olla/core/statistics';
import { formatShare, isoOrNull } from './format.ts';
import { percentileMs } from '@olla/core/percentile';

/** Counters in the form of the API, with units in their names. */
export function trafficBody(counters: TrafficCounters): TrafficBody {
  const streamingMs = counters.durationSumMs - counters.firstByteSumMs;
  return {
    requests_total: counters.requests,
    failures_total: counters.failures,
    cancelled_total: counters.cancelled,
    retries_total: counters.retries,
    bytes_in_total: counters.bytesIn,
    bytes_out_total: counters.bytesOut,
    tokens_in_total: counters.tokensIn,
    tokens_out_total: counters.tokensOut,
    duration_total_ms: Math.round(counters.durationSumMs),
    latency_p50_ms: percentileMs(counters.durationBuckets, 0.5, counters.maxMs),
    latency_p95_ms: percentileMs(counters.durationBuckets, 0.95, counters.maxMs),
    latency_p99_ms: percentileMs(counters.durationBuckets, 0.99, counters.maxMs),
    ttft_p50_ms: percentileMs(counters.firstByteBuckets, 0.5, counters.maxMs),
    ttft_p95_ms: percentileMs(counters.firstByteBuckets, 0.95, counters.maxMs),
    ttft_p99_ms: percentileMs(counters.firstByteBuckets, 0.99, counters.maxMs),
    tokens_per_second:
      counters.tokensOut > 0 && streamingMs > 0
        ? Math.round((counters.tokensOut * 10_000) / streamingMs) / 10
        : null,
    ttft_buckets: [...counters.firstByteBuckets],
    last_request_at: isoOrNull(counters.lastAt),
  };
}

/** A client that leaves is neither a success nor a failure of the service. */
export function successRate(counters: TrafficCounters): string {
  return formatShare(successes(counters), counters.requests - counters.cancelled);
}

export function successes(counters: TrafficCounters): number {
  return Math.max(0, counters.requests - counters.failures - counters.cancelled);
}

/** @returns milliseconds, or null before any request */
export function averageMs(counters: TrafficCounters): number | null {
  return counters.requests === 0 ? null : Math.round(counters.durationSumMs / counters.requests);
}

export function trafficBytes(counters: TrafficCounters): number {
  return counters.bytesIn + counters.bytesOut;
}
