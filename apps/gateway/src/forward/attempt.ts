import { atBase } from '@olla/backends/base-path';
import { profileOrDefault } from '@olla/backends/table';
import { encodeHeaderValue } from '@olla/core/http/encode-header-value';
import { clientHeaders } from '@olla/core/http/headers';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { AttemptTrace, RequestTrace } from '@olla/telemetry/tracing/request-trace';
import type { Endpoint } from '../fleet/endpoints.ts';
import type { ModelChanges } from '../fleet/model-changes.ts';
import { endAttempt, noteHead } from '../observe/trace-attempt.ts';
import type { Call } from '../request/call.ts';
import type { Plan, PlanInput } from '../request/plan.ts';
import { requestedModel } from '../request/request-body.ts';
import { backendPath } from '../request/scopes.ts';
import { changeOfCall } from './change-of-call.ts';
import { ContainedListener } from './contained-listener.ts';
import type { EndMarks } from './end-marks.ts';
import { payloadFor } from './payload.ts';
import { queryFor } from './query-for.ts';
import { Relay, type RelayEnd } from './relay.ts';
import { requestHeaders } from './request-headers.ts';
import { rewriteLocations } from './rewrite-locations.ts';
import { SuccessHold } from './success-hold.ts';
import type { TrailerRule } from './trailer-rule.ts';

/** The results of the previous steps for a request that is to be forwarded. */
export interface ForwardInput extends PlanInput {
  readonly plan: Plan;
  /** Null if the request is not traced. */
  readonly trace: RequestTrace | null;
}

export interface AttemptOptions {
  readonly call: Call;
  readonly input: ForwardInput;
  readonly candidate: Candidate;
  readonly endpoint: Endpoint;
  /** Over a new connection. */
  readonly freshConnection: boolean;
  readonly maxBodyBytes: number;
  /** For the whole response, from the request's acceptance; 0 for no limit. */
  readonly maxResponseMs: number;
  readonly sendsTrailer: TrailerRule;
  readonly endMarks: EndMarks;
  readonly changes: Pick<ModelChanges, 'publish'>;
  /** Decides on the head of a response: relay it, or discard it. */
  readonly relays: (status: number, isBodyReplayable: boolean) => boolean;
}

/** How an attempt ended, with its counts. */
export interface AttemptEnd extends RelayEnd {
  /** The body can be sent again from its beginning. */
  readonly isBodyReplayable: boolean;
}

/**
 * Sends a request to one endpoint, and relays the response unless it is discarded. Rejects only for a fault of the
 * gateway.
 */
export function attempt(options: AttemptOptions): Promise<AttemptEnd> {
  return new Promise((resolve, reject) => start(options, resolve, reject));
}

function start(
  options: AttemptOptions,
  onEnd: (end: AttemptEnd) => void,
  reject: (fault: unknown) => void,
): void {
  const { call, input, candidate, endpoint, freshConnection } = options;
  const { type } = candidate.endpoint;
  const profile = profileOrDefault(type);
  const path = atBase(endpoint.base, profile, backendPath(profile, input.route.path));
  const { read } = input.body;
  const change = changeOfCall(input, candidate);
  const onFault = (fault: unknown): void => {
    relay.drop();
    payload.stop();
    reject(fault);
  };
  const payload = payloadFor({ call, body: input.body, candidate, maxBytes: options.maxBodyBytes, onFault });
  const headers = requestHeaders(
    { call, client: input.client, endpoint, type, body: input.body },
    payload.length,
  );
  const traced = input.trace === null ? null : startTraced(input.trace, headers, path, options);
  const relay = new Relay({
    call,
    path: input.route.path,
    endpoint: endpoint.name,
    isWhole(dialect, hasEndMark) {
      const model = candidate.model ?? requestedModel(input.body);
      return options.endMarks.isWhole({ endpoint: endpoint.name, model, dialect }, hasEndMark);
    },
    relays: (status) => options.relays(status, read.isWhole),
    responseHeaders: (raw) => {
      if (traced !== null) noteHead(traced, raw);
      // A stream must not hold the body for its whole life.
      read.drop();
      return responseHeaders(options, path, raw);
    },
    maxResponseMs: options.maxResponseMs,
    sendsTrailer: options.sendsTrailer,
    onEnd: (end) => {
      payload.stop();
      if (traced !== null) endAttempt(traced, end.result);
      onEnd({ ...end, isBodyReplayable: read.isWhole });
    },
    onFault,
  });
  call.onAbort(() => {
    try {
      relay.stop();
    } catch (fault) {
      onFault(fault);
    }
  });
  const { body } = payload;
  const request = {
    method: call.method,
    path: path + queryFor(call.query, input.body, candidate),
    headers,
    body,
    freshConnection,
  };
  const listener =
    change === null
      ? relay
      : new SuccessHold({ relay, onSuccess: () => options.changes.publish(change), onFault });
  relay.attach(endpoint.upstream.dispatch(request, new ContainedListener(listener, onFault)));
}

function responseHeaders(
  { call, input, candidate, endpoint }: AttemptOptions,
  path: string,
  raw: readonly string[],
): string[] {
  const { name, type } = candidate.endpoint;
  const profile = profileOrDefault(type);
  const headers = clientHeaders(raw, endpoint.credentials);
  const target = path + call.query;
  rewriteLocations(headers, { endpoint, profile, scope: input.route.scope, target, path: call.path });
  headers.push('X-Olla-Endpoint', name, 'X-Olla-Backend-Type', profile.contractName);
  const model = candidate.model ?? requestedModel(input.body);
  if (model !== null) headers.push('X-Olla-Model', encodeHeaderValue(model));
  call.headers.session = input.plan.session?.respondedBy(candidate.endpoint) ?? [];
  return headers;
}

/** Puts the attempt's own context into its headers. @returns null if it is not sampled */
function startTraced(
  trace: RequestTrace,
  headers: string[],
  path: string,
  { call, input, candidate, endpoint }: AttemptOptions,
): AttemptTrace | null {
  const traced = trace.startAttempt(headers);
  if (traced === null) return null;
  const requested = requestedModel(input.body);
  traced.target = {
    endpoint: candidate.endpoint.name,
    provider: candidate.endpoint.type,
    url: `${endpoint.scheme}://${endpoint.host}${path}`,
    method: call.method,
    requestModel: requested,
    responseModel: candidate.model ?? requested,
  };
  return traced;
}
