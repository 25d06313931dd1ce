import { performance } from 'node:perf_hooks';
import type { RequestTrace } from '@olla/telemetry/tracing/request-trace';
import type { Tracing } from '@olla/telemetry/tracing/tracing';
import type { Admission } from '../request/admit.ts';
import type { Call } from '../request/call.ts';
import type { ClientAddress } from '../request/client-address.ts';
import type { Outcome } from '../request/outcome.ts';
import type { Plan } from '../request/plan.ts';
import { requestedModel, type RequestBody } from '../request/request-body.ts';
import type { Route } from '../request/routes.ts';
import type { RequestLog } from './request-log.ts';
import type { RequestRecord } from './request-record.ts';
import type { StatisticsRecorder } from './statistics-recorder.ts';

/** The results of the steps that a request has completed. */
export interface StepResults {
  route?: Route;
  client?: ClientAddress;
  trace?: RequestTrace | null;
  admission?: Admission;
  body?: RequestBody;
  plan?: Plan;
}

export type Settle = (call: Call, steps: Readonly<StepResults>, outcome: Outcome) => void;

export interface SettleOptions {
  readonly statistics: StatisticsRecorder;
  /** Null where requests are not logged. */
  readonly requestLog: RequestLog | null;
  /** Null where no exporter is configured. */
  readonly tracing: Tracing | null;
}

/** Counts and records a request that is over. To be called once for each. */
export function createSettle({ statistics, requestLog, tracing }: SettleOptions): Settle {
  return (call, steps, outcome) => {
    const record = recordOf(call, steps, outcome);
    statistics.settle(record);
    const { trace } = steps;
    if (tracing !== null && trace !== undefined && trace !== null) tracing.record(trace, record);
    requestLog?.(record);
  };
}

function recordOf(call: Call, steps: Readonly<StepResults>, outcome: Outcome): RequestRecord {
  const { request, response } = call;
  const { route, client, body } = steps;
  const { attempt } = outcome;
  const candidate = attempt?.candidate ?? null;
  const requested = body === undefined ? null : requestedModel(body);
  return {
    startedAt: call.startedAt,
    endedAt: performance.now(),
    firstByteAt: outcome.firstByteAt,
    requestId: call.id,
    method: call.method,
    path: call.path,
    route: route?.kind === 'relay' ? route.targets.label : null,
    protocolVersion: request.httpVersion,
    host: request.headers.host,
    clientAddress: client?.address ?? '',
    status: response.headersSent ? response.statusCode : null,
    result: resultOf(call, outcome),
    error: outcome.error,
    isTruncated: outcome.kind === 'broken',
    endpoint: candidate?.endpoint.name ?? null,
    requestedModel: requested,
    servedModel: candidate === null ? null : (candidate.model ?? requested),
    routing: routingOf(requested, steps, outcome),
    retries: attempt?.retries ?? 0,
    bytesIn: body?.read.length ?? 0,
    bytesOut: outcome.bytesOut,
    tokensIn: attempt?.tokensIn ?? 0,
    tokensOut: attempt?.tokensOut ?? 0,
    isTraffic: route?.kind === 'relay' && steps.admission?.refusal === null && outcome.kind !== 'answered',
  };
}

/** A backend's 5xx, a broken response and an unreachable fleet are failures; a client's own error is none. */
function resultOf(
  { response, abortReason }: Call,
  { kind, error, attempt }: Outcome,
): RequestRecord['result'] {
  if (kind === 'broken' || (attempt?.relayedStatus ?? 0) >= 500) return 'failed';
  if (abortReason !== null) return 'cancelled';
  return error !== null && response.statusCode >= 500 ? 'failed' : 'ok';
}

/** Null for a request without a model or with an unknown one. */
function routingOf(
  requested: string | null,
  { plan }: Readonly<StepResults>,
  { error, attempt }: Outcome,
): RequestRecord['routing'] {
  if (requested === null) return null;
  const model = attempt?.candidate.modelId ?? plan?.modelId ?? requested;
  if (attempt !== null) {
    const facts = plan?.facts[attempt.candidate.rank];
    return { model, decision: facts?.decision === 'fallback' ? 'fallbacks' : 'hits' };
  }
  return error === 'MODEL_UNAVAILABLE' ? { model, decision: 'misses' } : null;
}
