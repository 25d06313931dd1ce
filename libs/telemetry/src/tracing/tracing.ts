import type { Logger } from '../logger.ts';
import type { RequestTrace } from './request-trace.ts';

export interface TracingOptions {
  readonly log: Logger;
  readonly version: string;
  /** Identifies the process: `service.instance.id`. */
  readonly instanceId: string;
  /** Called whenever spans were lost. */
  readonly onDropped: () => void;
}

/** Traces of requests. Its methods never throw, and only `shutdown` waits. */
export interface Tracing {
  /**
   * Starts the trace of a request and decides whether it is sampled.
   *
   * @returns null if the headers of the caller must be passed on unchanged, because the caller decided against sampling
   */
  begin(traceparent: string | undefined, tracestate: string | undefined): RequestTrace | null;
  /** Makes and queues the spans of a finished request, if it is sampled. Spans beyond the queue are counted as lost. */
  record(trace: RequestTrace, facts: RequestFacts): void;
  /** Spans that were lost because the queue was full or the collector did not accept them. */
  dropped(): number;
  /** Sends the queued spans for at most `timeoutMs`. Never rejects. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** A finished request. Times are milliseconds of the monotonic clock. */
export interface RequestFacts {
  readonly startedAt: number;
  readonly endedAt: number;
  /** Time of the first body byte to the client; null without one. */
  readonly firstByteAt: number | null;
  readonly requestId: string;
  readonly method: string;
  /** As the client sent it, without the query. */
  readonly path: string;
  /** The prefix of the path that selects the endpoints, such as `/olla/vllm`. */
  readonly route: string | null;
  readonly protocolVersion: string;
  /** The client's Host header. */
  readonly host: string | undefined;
  readonly clientAddress: string;
  /** Status of the response; null if none began. */
  readonly status: number | null;
  readonly result: 'ok' | 'failed' | 'cancelled';
  /** Code of the error that the client got; null without one. */
  readonly error: string | null;
  readonly endpoint: string | null;
  /** The model as the client wrote it; null if it named none. */
  readonly requestedModel: string | null;
  readonly retries: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** As the backend reports them; 0 if it does not. */
  readonly tokensIn: number;
  readonly tokensOut: number;
}
