import type { Logger } from '../logger.ts';
import type { RequestTrace } from './request-trace.ts';

export interface TracingOptions {
  readonly log: Logger;
  readonly version: string;
  /** Tells processes apart: `service.instance.id`. */
  readonly instanceId: string;
}

/** Traces of requests, where an exporter is configured. Nothing here waits, and nothing throws. */
export interface Tracing {
  /**
   * A request begins: whether it is sampled is decided here, before anything is made for it.
   *
   * @returns null if the caller's own context is to be passed on as it came
   */
  begin(traceparent: string | undefined, tracestate: string | undefined): RequestTrace | null;
  /** A sampled request is over: its spans are made and queued, or dropped and counted. */
  record(trace: RequestTrace, facts: RequestFacts): void;
  /** Spans lost so far: the queue was full, or the collector did not take them. */
  dropped(): number;
  /** Sends what is queued, for at most so long. Settles in any case. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** A request as it ended. Times are monotonic milliseconds. */
export interface RequestFacts {
  readonly startedAt: number;
  readonly endedAt: number;
  /** First byte of the body towards the client. */
  readonly firstByteAt: number | null;
  readonly requestId: string;
  readonly method: string;
  /** As the client wrote it, without query. */
  readonly path: string;
  /** Prefix of the path that chose the endpoints, such as `/olla/vllm`. */
  readonly route: string | null;
  readonly protocolVersion: string;
  /** The client's Host header. */
  readonly host: string | undefined;
  readonly clientAddress: string;
  /** Null if no answer began. */
  readonly status: number | null;
  readonly result: 'ok' | 'failed' | 'cancelled';
  /** Stable code of the error that the client got. */
  readonly error: string | null;
  readonly endpoint: string | null;
  readonly model: string | null;
  readonly retries: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** As the backend reports them; 0 if it does not. */
  readonly tokensIn: number;
  readonly tokensOut: number;
}
