import { findHeader } from '@olla/core/http/find-header';
import type { AttemptTrace } from '@olla/telemetry/tracing/request-trace';
import { streamFormat } from '../forward/broken-stream.ts';
import type { Exchange } from '../request/exchange.ts';
import type { AttemptResult } from '../forward/relay.ts';
import type { WorkerContext } from '../worker-context.ts';

/** Decides whether a request that may be relayed is traced. Without an exporter this is one comparison. */
export function beginTrace({ tracing }: WorkerContext, exchange: Exchange): void {
  if (tracing === null) return;
  const { headers } = exchange.request;
  exchange.trace = tracing.begin(
    headers['traceparent'] as string | undefined,
    headers['tracestate'] as string | undefined,
  );
}

/** The head of an attempt's answer came and goes to the client. */
export function noteHead(attempt: AttemptTrace, rawHeaders: readonly string[]): void {
  attempt.streamed = streamFormat(findHeader(rawHeaders, 'content-type') ?? undefined) !== 'opaque';
}

export function endAttempt(attempt: AttemptTrace, result: AttemptResult): void {
  switch (result.kind) {
    case 'relayed':
    case 'refused':
      attempt.end(result.kind, result.status, null);
      break;
    case 'broken':
    case 'failed':
      attempt.end(result.kind, null, result.failure.code);
      break;
    case 'client_left':
      attempt.end(result.kind, null, null);
      break;
  }
}

/** Makes the spans of a request that is over. */
export function recordTrace(
  { tracing }: WorkerContext,
  exchange: Exchange,
  result: 'ok' | 'failed' | 'cancelled',
  durationMs: number,
): void {
  const { trace, request, response } = exchange;
  if (tracing === null || trace === null) return;
  tracing.record(trace, {
    startedAt: exchange.startedAt,
    endedAt: exchange.startedAt + durationMs,
    firstByteAt: exchange.firstByteAt,
    requestId: exchange.id,
    method: exchange.method,
    path: exchange.path,
    route: exchange.route,
    protocolVersion: request.httpVersion,
    host: request.headers.host,
    clientAddress: exchange.address,
    status: response.headersSent ? response.statusCode : null,
    result,
    error: exchange.error,
    endpoint: exchange.endpoint,
    model: exchange.model,
    retries: exchange.retries,
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    tokensIn: exchange.tokensIn,
    tokensOut: exchange.tokensOut,
  });
}
