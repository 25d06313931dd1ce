import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { OllaError } from '@olla/core/errors';
import type { Logger } from '@olla/telemetry/logger';
import type { RequestTrace } from '@olla/telemetry/tracing/request-trace';
import type { Tracing } from '@olla/telemetry/tracing/tracing';
import type { AdminToken } from '../admin/admin-token.ts';
import type { FleetRefresh } from '../fleet/fleet-refresh.ts';
import type { Forward } from '../forward/forward.ts';
import type { Settle, StepResults } from '../observe/settle.ts';
import { stackOf } from '../observe/stack-of.ts';
import type { Admit } from './admit.ts';
import type { AnswerLocally } from './answer-locally.ts';
import { Call, ClientGone, headerOf } from './call.ts';
import type { FindClientAddress } from './client-address.ts';
import type { Cors } from './cors.ts';
import { checkHead } from './head-rules.ts';
import type { ManagementGuard } from './management-guard.ts';
import type { ModelLists } from './model-lists.ts';
import type { Outcome } from './outcome.ts';
import { routingHeaders, type PlanRequest } from './plan.ts';
import { answerPreflight, isPreflight } from './preflight.ts';
import type { ReadBody } from './read-body.ts';
import { aborted, failWith } from './respond.ts';
import { findRoute } from './routes.ts';
import { isWebSocketAttempt, refuseWebSocket } from './websocket-attempt.ts';

/** The steps of the path, each with its dependencies, and the dependencies of the path itself. */
export interface RequestPathOptions {
  readonly findClientAddress: FindClientAddress;
  readonly admit: Admit;
  readonly answerLocally: AnswerLocally;
  readonly models: ModelLists;
  readonly readBody: ReadBody;
  readonly planRequest: PlanRequest;
  readonly forward: Forward;
  readonly settle: Settle;
  /** Null where CORS is switched off. */
  readonly cors: Cors | null;
  /** Null where no exporter is configured. */
  readonly tracing: Tracing | null;
  readonly guard: Pick<ManagementGuard, 'checkRoute'>;
  /** Null where this gateway has none. */
  readonly adminToken: Pick<AdminToken, 'takeOut'> | null;
  /** The models are listed again after a call that changes them. */
  readonly refresh: Pick<FleetRefresh, 'changed'>;
  readonly isDraining: () => boolean;
  readonly log: Pick<Logger, 'error'>;
}

/**
 * The path of a request, in the order of `pass`:
 *
 *   route → client address → admit → read → plan → forward → settle
 *
 * A step returns its result, or a promise of it if it has to wait; the path awaits either. A refusal is in the result's
 * `refusal` or is thrown, and becomes a response in `handle`.
 */
export function createRequestPath(options: RequestPathOptions): RequestListener {
  const { findClientAddress, admit, answerLocally, readBody, planRequest, forward, settle } = options;
  const { cors, models } = options;

  return (request, response) => {
    if (options.isDraining()) response.shouldKeepAlive = false;
    try {
      void handle(new Call(request, response, cors?.headers(request) ?? []));
    } catch (fault) {
      breakOff(response, 'a request failed at its beginning', fault);
    }
  };

  /** If even ending the path fails, its client sees that the response is missing, and no other request is affected. */
  function breakOff(response: ServerResponse, message: string, fault: unknown): void {
    response.destroy();
    options.log.error(message, { error: stackOf(fault) });
  }

  /** Never rejects: a handler of the rejection would cost one more promise for each request. */
  async function handle(call: Call): Promise<void> {
    const steps: StepResults = {};
    let outcome: Outcome;
    try {
      try {
        outcome = await pass(call, steps);
      } catch (thrown) {
        outcome = thrown instanceof ClientGone ? aborted() : failWith(call, errorOf(call, thrown), null);
      }
      steps.body?.read.drop();
      if (!call.isOver) await call.over();
      settle(call, steps, outcome);
    } catch (fault) {
      breakOff(call.response, `request ${call.id} failed at its end`, fault);
    }
  }

  async function pass(call: Call, steps: StepResults): Promise<Outcome> {
    const { request } = call;
    checkHead(request);
    const route = (steps.route = findRoute(call.method, call.path));
    const client = (steps.client = findClientAddress(request));
    if (isPreflight(request)) return answerPreflight(call, route, cors);
    const trace = (steps.trace = route.kind === 'relay' ? beginTrace(request) : null);

    const admission = (steps.admission = await admit(call, route, client));
    call.headers.limits = admission.headers;
    if (admission.refusal !== null) throw admission.refusal;
    call.throwIfAborted();

    if (route.kind !== 'relay') return answerLocally(call, route, client);
    if (isWebSocketAttempt(call)) return refuseWebSocket(call);
    const listing = models.listing(call, route);
    if (listing !== null) return listing;
    options.guard.checkRoute({ call, route, client });
    options.adminToken?.takeOut(request);

    const body = (steps.body = await readBody(call, route));
    if (body.refusal !== null) throw body.refusal;

    const plan = (steps.plan = await planRequest(call, { route, client, body }));
    steps.body = plan.body;
    call.headers.routing = routingHeaders(plan, plan.candidates[0]?.rank);
    if (plan.refusal !== null) throw plan.refusal;
    call.throwIfAborted();

    const outcome = await forward(call, { route, client, body: plan.body, plan, trace });
    if (route.management && !route.blob && call.response.statusCode < 300) options.refresh.changed();
    return outcome;
  }

  function beginTrace(request: IncomingMessage): RequestTrace | null {
    return options.tracing?.begin(headerOf(request, 'traceparent'), headerOf(request, 'tracestate')) ?? null;
  }

  /** Internal errors are logged, because the client must not see them. */
  function errorOf(call: Call, thrown: unknown): OllaError {
    if (thrown instanceof OllaError) return thrown;
    options.log.error(`request ${call.id} failed`, {
      method: call.method,
      path: call.path,
      error: stackOf(thrown),
    });
    return new OllaError(
      'INTERNAL',
      `the gateway failed on this request. Its log has the details under the id ${call.id}`,
      { cause: thrown },
    );
  }
}
