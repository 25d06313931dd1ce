import type { ErrorCode } from '@olla/core/errors';
import type { RequestFacts } from '@olla/telemetry/tracing/tracing';

/** How a request for a model was routed. */
export interface ModelRoutingRecord {
  /**
   * The model that it counts for, one for all its names: its id in the catalog, or the name that was asked for where
   * no endpoint is known to have it.
   */
  readonly model: string;
  /** To an endpoint that has the model; refused, because none of those was in service; to one without it. */
  readonly decision: 'hits' | 'misses' | 'fallbacks';
}

/** All that is kept of a request that is over: made once, for the log, the statistics and the trace. */
export interface RequestRecord extends RequestFacts {
  readonly error: ErrorCode | null;
  /** The response had begun and is not whole, by its endpoint's doing. */
  readonly isTruncated: boolean;
  /** Name of the model at the endpoint that was tried last; null where none was, or the request names none. */
  readonly servedModel: string | null;
  /** Where a request for a model went; null for one without a model, or whose model nobody knows. */
  readonly routing: ModelRoutingRecord | null;
  /** Traffic of the fleet. Calls of the gateway's own resources are none, and neither is what a limit refuses. */
  readonly isTraffic: boolean;
}
