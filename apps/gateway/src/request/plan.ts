import { mayOverrideBody } from '@olla/backends/model-in-path';
import type { ModelReading } from '@olla/core/body/read-model';
import { OllaError } from '@olla/core/errors';
import type { Candidate, RouteScope } from '@olla/core/route-plan/fleet-view';
import { planRoute, type RoutePolicy, type RouteRequest } from '@olla/core/route-plan/plan-route';
import { refusalMessage } from '@olla/core/route-plan/refusal-message';
import type { RoutingFacts } from '@olla/core/route-plan/routing-facts';
import type { FleetRefresh } from '../fleet/fleet-refresh.ts';
import type { RoutingView } from '../fleet/routing-view.ts';
import type { Sessions, SessionTurn } from '../fleet/sessions.ts';
import type { AskEndpoints } from '../forward/ask-endpoints.ts';
import { readForTypes, type TypesReading } from './asked-model.ts';
import { headerOf, type Call } from './call.ts';
import type { ClientAddress } from './client-address.ts';
import type { GuardedRequest, ManagementGuard } from './management-guard.ts';
import { chooseForFile, chooseManaged, possibleHolders, type ManagementInput } from './management.ts';
import { namedFiles } from './named-files.ts';
import { requestedModel, type RequestBody } from './request-body.ts';
import { decodedPath, printable, type RelayRoute } from './routes.ts';
import { isUnload, residentFirst } from './unload.ts';

/** Where a request may go. */
export interface Plan {
  /** Null if there are candidates. */
  readonly refusal: OllaError | null;
  /** The request as these endpoints read it. */
  readonly body: RequestBody;
  /** In the order to try them. */
  readonly candidates: readonly Candidate[];
  /** How they were chosen, by the candidate's rank, or why there are none; empty for a request without a model. */
  readonly facts: readonly RoutingFacts[];
  /** Null where sessions are not sticky, or the request has no model. */
  readonly session: SessionTurn | null;
  /** The catalog's id of the requested model; null if none was requested, or it is unknown. */
  readonly modelId: string | null;
}

export interface PlanInput {
  readonly route: RelayRoute;
  readonly client: ClientAddress;
  readonly body: RequestBody;
}

export type PlanRequest = (call: Call, input: PlanInput) => Plan | Promise<Plan>;

export interface PlanOptions {
  readonly routing: RoutingView;
  readonly policy: RoutePolicy;
  /** Null where sessions are not sticky. */
  readonly sessions: Sessions | null;
  readonly refresh: FleetRefresh;
  readonly ask: AskEndpoints;
  readonly guard: Pick<ManagementGuard, 'permitted' | 'takesManagement'>;
}

/**
 * Orders the endpoints for a request. Waits only if the strategy `discovery` lists models again for one that no
 * endpoint has, and if servers are asked for the files of a new model, or for the model that a call unloads.
 */
export function createPlan({ routing, policy, sessions, refresh, ask, guard }: PlanOptions): PlanRequest {
  return (call, input) => {
    const plan = planAny(call, input);
    if (!input.route.isManagement) return plan;
    return plan instanceof Promise ? plan.then(atOne) : atOne(plan);
  };

  function planAny(call: Call, input: PlanInput): Plan | Promise<Plan> {
    const { route, body } = input;
    const readings = readForTypes(call, route, body);
    const [first] = readings;
    if (first === undefined) throw new RangeError('no type reads this request');
    if (route.management || route.blob)
      return planManagement({ ...input, call, body: withReading(body, first.reading), takes });
    return readings.length === 1 ? planFor(call, input, first) : firstRouted(call, input, readings);
  }

  /** Servers of several types read different models in the request. */
  async function firstRouted(call: Call, input: PlanInput, readings: readonly TypesReading[]): Promise<Plan> {
    let refused: Plan | null = null;
    for (const reading of readings) {
      if (routing.fleet.members(reading.targets).candidates.length === 0) continue;
      const plan = await planFor(call, input, reading);
      if (plan.refusal === null) return plan;
      refused ??= plan;
    }
    return refused ?? planFor(call, input, readings[0] as TypesReading);
  }

  function planFor(
    call: Call,
    { route, client, body: asRead }: PlanInput,
    { targets, reading }: TypesReading,
  ): Plan | Promise<Plan> {
    const body = withReading(asRead, reading);
    const model = reading.model ?? knownInPath(route, targets);
    const unloads = isUnload(route, body);
    const session =
      sessions === null || model === null || unloads
        ? null
        : sessions.turn({ headers: call.request.headers, clientAddress: client.address, model, body });
    const wanted: RouteRequest = {
      scope: targets,
      model,
      body: mayOverrideBody(decodedPath(route.path)) ? 'unreadable' : readability(body),
      preferred: headerOf(call.request, 'x-olla-target') ?? null,
      session: session?.lookup ?? null,
    };
    if (unloads) return planUnload(call, { route, client, body }, wanted);
    const made = planRoute(routing.fleet, wanted, policy);
    const asked = { call, route, client, session, body };
    if (made.kind === 'routed' || !made.refreshFirst) return planOf(made, wanted, asked);
    return refresh.refreshed(call, targets).then((ended) => {
      const again = { ...wanted, refresh: ended };
      return planOf(planRoute(routing.fleet, again, policy), again, asked);
    });
  }

  function knownInPath({ modelInPath }: RelayRoute, scope: RouteScope): string | null {
    if (modelInPath === null) return null;
    const { model } = modelInPath;
    return (routing.fleet.target(scope, model)?.candidates.length ?? 0) > 0 ? model : null;
  }

  function takes(candidate: Candidate): boolean {
    return guard.takesManagement(candidate);
  }

  function planOf(made: ReturnType<typeof planRoute>, { scope, model }: RouteRequest, asked: Asked): Plan {
    const { session, body } = asked;
    const facts = made.kind === 'routed' ? made.facts : made.facts === null ? [] : [made.facts];
    const refused = (refusal: OllaError): Plan => ({
      refusal,
      body,
      candidates: [],
      facts,
      session,
      modelId: modelIdOf(scope, model),
    });
    if (made.kind === 'refused') {
      // Ollama's command pulls a model if its server has none of that name.
      const isElsewhere = model !== null && routing.fleet.target(scope, model)?.candidates.length === 0;
      return refused(
        isElsewhere && asked.route.nameField === 'name'
          ? new OllaError('MODEL_NOT_FOUND', `not found: ${made.message}`)
          : new OllaError(made.code, made.message),
      );
    }
    return orRefused(refused, () => {
      const candidates = guard.permitted(asked, made.candidates);
      const [first] = candidates;
      if (first !== undefined) session?.planned(first.endpoint);
      return {
        refusal: null,
        body,
        candidates,
        facts,
        session,
        modelId: first?.modelId ?? modelIdOf(scope, model),
      };
    });
  }

  /**
   * Prefers endpoints with the model in memory; an endpoint that the client names still goes first. A fallback is
   * another model, which must stay loaded.
   */
  function planUnload(
    call: Call,
    { route, client, body }: PlanInput,
    wanted: RouteRequest,
  ): Plan | Promise<Plan> {
    const { scope, model, preferred } = wanted;
    // LM Studio calls a second instance of `model` `model:2`, which it does not list as a model.
    const isInstance =
      route.nameField === 'instance_id' && model !== null && routing.fleet.target(scope, model) === null;
    const named = isInstance ? { ...wanted, model: model.replace(/:\d+$/, '') } : wanted;
    const plan = planOf(planRoute(routing.fleet, named, policy), wanted, {
      call,
      route,
      client,
      session: null,
      body,
    });
    const target = routing.fleet.target(scope, named.model ?? '');
    const own = plan.candidates.filter(({ rank }) => target?.steps[rank]?.kind !== 'fallback');
    if (target !== null && own.length === 0 && plan.candidates.length > 0)
      return {
        ...plan,
        refusal: new OllaError(
          'MODEL_UNAVAILABLE',
          refusalMessage('MODEL_UNAVAILABLE', scope, model ?? '', target),
        ),
        candidates: [],
      };
    const among = isInstance ? own.map((one) => ({ ...one, rewrite: false })) : own;
    if (among.length < 2 || preferred !== null) return { ...plan, candidates: among };
    return ask
      .findResidents({ call, client, among })
      .then((residentAt) => ({ ...plan, candidates: residentFirst(among, residentAt) }));
  }

  function planManagement(input: ManagementInput): Plan | Promise<Plan> {
    const { call, route, client, body } = input;
    const chosen = (choose: () => Candidate): Plan => {
      const modelId = modelIdOf(route.targets, requestedModel(body));
      const shared = { body, facts: [], session: null, modelId };
      return orRefused(
        (refusal) => ({ refusal, candidates: [], ...shared }),
        () => ({ refusal: null, candidates: guard.permitted(input, [choose()]), ...shared }),
      );
    };
    if (route.blob) return chosen(() => chooseForFile(routing, input));
    const paths = route.files === null ? [] : namedFiles(body, route.files);
    if (paths.length === 0) return chosen(() => chooseManaged(routing, input, null));
    return ask
      .findFiles({ call, client, among: possibleHolders(routing, route) }, paths)
      .then((filesAt) => chosen(() => chooseManaged(routing, input, filesAt)));
  }

  function modelIdOf(scope: RelayRoute['targets'], model: string | null): string | null {
    return model === null ? null : (routing.fleet.target(scope, model)?.modelId ?? null);
  }
}

interface Asked extends GuardedRequest {
  readonly session: SessionTurn | null;
  /** The request as these endpoints read it. */
  readonly body: RequestBody;
}

/** Management is not tried at a second endpoint, because the first may have carried it out. */
function atOne(plan: Plan): Plan {
  return plan.candidates.length < 2 ? plan : { ...plan, candidates: plan.candidates.slice(0, 1) };
}

/** The result of `make`, or the plan that refuses with the OllaError that it throws. */
function orRefused(refused: (refusal: OllaError) => Plan, make: () => Plan): Plan {
  try {
    return make();
  } catch (error) {
    if (error instanceof OllaError) return refused(error);
    throw error;
  }
}

function withReading(body: RequestBody, reading: ModelReading): RequestBody {
  return body.reading === reading ? body : { ...body, reading };
}

function readability({ fields, encoding, length, reading }: RequestBody): NonNullable<RouteRequest['body']> {
  if (!reading.isCertain) return 'unreadable';
  if (length === 0) return 'none';
  // A model cannot be inserted into a form without one.
  const isRead = fields !== null && !fields.isBroken && fields.state !== 'invalid';
  return isRead && (encoding === 'json' || reading.model !== null) ? 'readable' : 'unreadable';
}

/** Flat; for a candidate's rank, or for a refusal. */
export function routingHeaders({ facts }: Plan, rank = 0): readonly string[] {
  const chosen = facts[rank];
  if (chosen === undefined) return [];
  const { strategy, decision, reason } = chosen;
  return [
    'X-Olla-Routing-Strategy',
    strategy,
    'X-Olla-Routing-Decision',
    decision,
    'X-Olla-Routing-Reason',
    printable(reason),
  ];
}
