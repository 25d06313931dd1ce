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

/** The record of a finished request: made once, for the log, the statistics and the trace. */
export interface RequestRecord extends RequestFacts {
  readonly error: ErrorCode | null;
  /** The response had begun and is incomplete because of its endpoint. */
  readonly isTruncated: boolean;
  /** Name of the model at the endpoint that was tried last; null where none was, or the request names none. */
  readonly servedModel: string | null;
  /** Routing of a request for a model; null for a request without a model or with an unknown one. */
  readonly routing: ModelRoutingRecord | null;
  /** Whether it is traffic of the fleet. Requests for the gateway's own resources and refusals by a limit are not. */
  readonly isTraffic: boolean;
}
