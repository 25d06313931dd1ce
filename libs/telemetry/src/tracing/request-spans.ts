import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace as traceApi,
  TraceFlags,
  type Attributes,
  type Context,
  type Tracer,
} from '@opentelemetry/api';
import { FIRST_TOKEN_EVENT, GEN_AI, HTTP, OLLA, operationOf } from './gen-ai-attributes.ts';
import type { AttemptTarget, AttemptTrace, RequestTrace } from './request-trace.ts';
import type { RequestFacts } from './tracing.ts';

/** Passes the ids of the next span to the tracer. They were chosen when the attempt was sent. */
export interface IdSource {
  next: { traceId: string; spanId: string };
}

/** Makes the spans of a finished request: one for the request, with one child for each attempt. */
export function recordSpans(tracer: Tracer, ids: IdSource, trace: RequestTrace, facts: RequestFacts): void {
  // The wall clock is read once. Within the trace all times come from the monotonic clock, which never jumps.
  const epochMs = Date.now() - performance.now();
  ids.next = { traceId: trace.traceId, spanId: trace.spanId };
  const server = tracer.startSpan(
    facts.route === null ? facts.method : `${facts.method} ${facts.route}`,
    {
      kind: SpanKind.SERVER,
      startTime: epochMs + facts.startedAt,
      attributes: serverAttributes(facts),
    },
    parentContext(trace),
  );
  if (facts.result === 'failed')
    server.setStatus({
      code: SpanStatusCode.ERROR,
      ...(facts.error === null ? {} : { message: facts.error }),
    });
  const serverContext = traceApi.setSpan(ROOT_CONTEXT, server);
  for (let i = 0; i < trace.attempts.length; i += 1) {
    const attempt = trace.attempts[i] as AttemptTrace;
    ids.next = { traceId: trace.traceId, spanId: attempt.spanId };
    recordAttempt(tracer, serverContext, attempt, i, facts, epochMs);
  }
  server.end(epochMs + facts.endedAt);
}

function recordAttempt(
  tracer: Tracer,
  parent: Context,
  attempt: AttemptTrace,
  resends: number,
  facts: RequestFacts,
  epochMs: number,
): void {
  const { target } = attempt;
  if (target === null) return;
  const operation = operationOf(target.method, facts.path);
  const span = tracer.startSpan(
    operation === null ? target.method : `${operation} ${target.requestModel ?? ''}`.trimEnd(),
    {
      kind: SpanKind.CLIENT,
      startTime: epochMs + attempt.startedAt,
      attributes: targetAttributes(target, operation),
    },
    parent,
  );
  span.setAttribute(OLLA.attemptOutcome, attempt.outcome);
  if (resends > 0) span.setAttribute(HTTP.resendCount, resends);
  if (attempt.status !== null) span.setAttribute(HTTP.status, attempt.status);
  const errorType =
    attempt.errorType ?? (attempt.status !== null && attempt.status >= 400 ? String(attempt.status) : null);
  if (errorType !== null) {
    span.setAttribute(HTTP.errorType, errorType);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  const hasResponse = attempt.outcome !== 'failed' && attempt.outcome !== 'refused';
  if (hasResponse && facts.firstByteAt !== null) {
    span.addEvent(FIRST_TOKEN_EVENT, epochMs + facts.firstByteAt);
    if (attempt.streamed)
      span.setAttribute(GEN_AI.timeToFirstChunk, (facts.firstByteAt - attempt.startedAt) / 1_000);
    if (operation !== null) span.setAttribute(GEN_AI.requestStream, attempt.streamed);
    if (facts.tokensIn > 0) span.setAttribute(GEN_AI.inputTokens, facts.tokensIn);
    if (facts.tokensOut > 0) span.setAttribute(GEN_AI.outputTokens, facts.tokensOut);
    if (operation !== null && target.responseModel !== null)
      span.setAttribute(GEN_AI.responseModel, target.responseModel);
  }
  span.end(epochMs + (attempt.endedAt ?? facts.endedAt));
}

function parentContext({ traceId, parentSpanId, traceState }: RequestTrace): Context {
  if (parentSpanId === null) return ROOT_CONTEXT;
  return traceApi.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: parentSpanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
    ...(traceState === null ? {} : { traceState: createTraceState(traceState) }),
  });
}

function serverAttributes(facts: RequestFacts): Attributes {
  const attributes: Attributes = {
    [HTTP.method]: facts.method,
    [HTTP.urlPath]: facts.path,
    [HTTP.urlScheme]: 'http',
    [HTTP.protocolVersion]: facts.protocolVersion,
    [HTTP.clientAddress]: facts.clientAddress,
    [OLLA.requestId]: facts.requestId,
    [OLLA.result]: facts.result,
    [OLLA.retries]: facts.retries,
    [OLLA.bytesIn]: facts.bytesIn,
    [OLLA.bytesOut]: facts.bytesOut,
  };
  if (facts.route !== null) attributes[HTTP.route] = facts.route;
  if (facts.status !== null) attributes[HTTP.status] = facts.status;
  if (facts.error !== null) attributes[HTTP.errorType] = facts.error;
  else if (facts.result === 'failed')
    attributes[HTTP.errorType] =
      facts.status !== null && facts.status >= 500 ? String(facts.status) : 'broken';
  if (facts.endpoint !== null) attributes[OLLA.endpoint] = facts.endpoint;
  if (facts.requestedModel !== null) attributes[GEN_AI.requestModel] = facts.requestedModel;
  if (facts.host !== undefined) addServer(attributes, facts.host, 'http:');
  return attributes;
}

function targetAttributes(target: AttemptTarget, operation: string | null): Attributes {
  const attributes: Attributes = {
    [HTTP.method]: target.method,
    [HTTP.urlFull]: target.url,
    [OLLA.endpoint]: target.endpoint,
  };
  const url = URL.parse(target.url);
  if (url !== null) addServer(attributes, url.host, url.protocol);
  if (operation === null) return attributes;
  attributes[GEN_AI.operationName] = operation;
  attributes[GEN_AI.providerName] = target.provider;
  if (target.requestModel !== null) attributes[GEN_AI.requestModel] = target.requestModel;
  return attributes;
}

/** Adds name and port of a server. @param host `host[:port]`; an IPv6 address is in brackets */
function addServer(attributes: Attributes, host: string, protocol: string): void {
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(host);
  const name = parts?.[1];
  if (name === undefined || name === '') return;
  attributes[HTTP.serverAddress] = name.startsWith('[') ? name.slice(1, -1) : name;
  attributes[HTTP.serverPort] = Number(parts?.[2] ?? (protocol === 'https:' ? 443 : 80));
}
