import { isBackedOff } from './backoff.ts';
import { BALANCERS, type BalancerName } from './balance/balancers.ts';
import type { Candidate, FleetView, RouteScope, Target } from './fleet-view.ts';
import { placeSession, type SessionLookup } from '../sticky/place-session.ts';
import { refusalMessage, type RefusalCode } from './refusal-message.ts';
import {
  anyEndpointFacts,
  factsBySteps,
  foundFacts,
  refusedFacts,
  type Refresh,
  type RoutingFacts,
  type RoutingStrategy,
} from './routing-facts.ts';

/** The facts of a request that routing needs. */
export interface RouteRequest {
  readonly scope: RouteScope;
  /** As the client wrote it; null or empty if the request names none. */
  readonly model: string | null;
  /**
   * Whether the body shows which model a server will take: `none` is no body, and `unreadable` does not go to endpoints
   * that offer only some of their models. Default `readable`.
   */
  readonly body?: 'none' | 'readable' | 'unreadable';
  /** Endpoint that goes first if it is usable, because the client asked for it. */
  readonly preferred?: string | null;
  /** Null for requests that belong to no session. */
  readonly session?: SessionLookup | null;
  /** How the refresh of the fleet for this request ended; null or absent if there was none. */
  readonly refresh?: Refresh | null;
}

export interface RoutePolicy extends RoutingStrategy {
  readonly balancer: BalancerName;
}

export interface RoutedPlan {
  readonly kind: 'routed';
  /** In the order to try them; never empty, each endpoint once. Those of later steps of the name are last. */
  readonly candidates: readonly Candidate[];
  /** By the rank of the candidate that serves; empty for requests without a model: they have no such headers. */
  readonly facts: readonly RoutingFacts[];
  /** All were ejected; those with the fewest ejections are first. */
  readonly lastResort: boolean;
}

export interface RefusedPlan {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly message: string;
  readonly facts: RoutingFacts | null;
  /** The strategy requires that models are listed again before this is final: then plan again, with `refreshed`. */
  readonly refreshFirst: boolean;
}

export type Plan = RoutedPlan | RefusedPlan;

/**
 * Decides where a request may go, from the data in the worker's memory. Changes only the turns. The caller records its
 * actions on the endpoint's `live`: requests in flight, failures, and the use of a probe.
 */
export function planRoute(view: FleetView, request: RouteRequest, policy: RoutePolicy): Plan {
  const { scope, model } = request;
  if (model === null || model === '') return planUnnamed(view, request, policy);
  const target = view.target(scope, model);
  const found = target === null ? null : order(view, target, request, policy);
  if (target !== null && found !== null) {
    const whenFound = foundFacts(policy.strategy, request.refresh ?? null);
    const facts = factsBySteps(model, target.steps, found.candidates, whenFound);
    return { kind: 'routed', ...found, facts };
  }
  const fallback = fallBack(view, request, policy, target !== null);
  if (fallback !== null) return fallback;
  if (target !== null)
    return refuse(request, policy, refusalOf(target, request, 'MODEL_UNAVAILABLE'), target);
  const members = view.members(scope);
  // If no models were ever listed, it is unknown whether an endpoint has this one.
  const blind = members.candidates.length > 0 && members.everywhere.every((endpoint) => !endpoint.listed);
  return refuse(request, policy, blind ? 'NO_ENDPOINT' : 'MODEL_NOT_FOUND', members);
}

/** A request that names no model goes to the one model of its route if there is one, else to any endpoint. */
function planUnnamed(view: FleetView, request: RouteRequest, policy: RoutePolicy): Plan {
  const members = view.members(request.scope);
  const only = request.body === 'none' || request.body === 'unreadable' ? null : view.only(request.scope);
  const candidates =
    (only === null ? null : order(view, only, request, policy)) ?? order(view, members, request, policy);
  return candidates === null
    ? refuse(request, policy, refusalOf(members, request, 'NO_ENDPOINT'), members)
    : { kind: 'routed', ...candidates, facts: [] };
}

/** An endpoint with a model_filter gets no request that may be for a model outside its filter. */
function isExcluded({ endpoint, modelId }: Candidate, { body }: RouteRequest): boolean {
  return endpoint.hasModelFilter && body !== 'none' && (modelId === null || body === 'unreadable');
}

function refusalOf(target: Target, request: RouteRequest, otherwise: RefusalCode): RefusalCode {
  const excludes = target.candidates.some((one) => one.endpoint.status.serves && isExcluded(one, request));
  return excludes ? 'INVALID_MODEL' : otherwise;
}

/** The candidates of a target in the order to try them; null if none could serve. */
function order(
  view: FleetView,
  target: Target,
  request: RouteRequest,
  policy: RoutePolicy,
): Pick<RoutedPlan, 'candidates' | 'lastResort'> | null {
  const usable: Candidate[] = [];
  let ejected: Candidate[] | null = null;
  for (const candidate of target.candidates) {
    if (isExcluded(candidate, request)) continue;
    const { status, live } = candidate.endpoint;
    if (status.serves) usable.push(candidate);
    else if (status.status !== 'ejected') continue;
    else if (live.breaker.probeGranted) usable.push(candidate);
    else (ejected ??= []).push(candidate);
  }
  if (usable.length === 0) {
    if (ejected === null) return null;
    ejected.sort(fewestStrikesFirst);
    return { candidates: ejected, lastResort: true };
  }
  if (request.session === undefined || request.session === null) balance(usable, target, view, policy);
  else placeSession(usable, request.session, policy.balancer === 'priority');
  putBehind(usable, view.live.now);
  promote(usable, request);
  return { candidates: usable, lastResort: false };
}

/** Orders by the balancer; later steps of the name follow behind the earlier ones. */
function balance(
  usable: Candidate[],
  target: Pick<Target, 'rotation' | 'steps'>,
  view: FleetView,
  policy: RoutePolicy,
): void {
  const balancer = BALANCERS[policy.balancer].order;
  const context = { live: view.live, rotation: target.rotation };
  if (target.steps.length <= 1) {
    balancer(usable, context);
    return;
  }
  usable.sort((a, b) => a.rank - b.rank);
  const best = usable[0]?.rank;
  const first = usable.filter((candidate) => candidate.rank === best);
  balancer(first, context);
  for (let i = 0; i < first.length; i += 1) usable[i] = first[i] as Candidate;
}

/** Moves endpoints that refuse requests for now behind the others; both keep their order. */
function putBehind(candidates: Candidate[], now: () => number): void {
  const isBehind = ({ endpoint }: Candidate): boolean => isBackedOff(endpoint.live.backoff, now);
  if (!candidates.some(isBehind)) return;
  candidates.sort((a, b) => a.rank - b.rank || Number(isBehind(a)) - Number(isBehind(b)));
}

/**
 * A granted probe goes first, so that a request makes it. Only an endpoint that the client named goes before it.
 * Neither changes which model serves.
 */
function promote(candidates: Candidate[], request: RouteRequest): void {
  const best = candidates[0]?.rank;
  let front = -1;
  for (let i = 0; i < candidates.length && candidates[i]?.rank === best; i += 1) {
    const { name, live } = (candidates[i] as Candidate).endpoint;
    if (name === request.preferred) {
      front = i;
      break;
    }
    if (live.breaker.state !== 'closed') front = i;
  }
  if (front > 0) {
    const chosen = candidates[front] as Candidate;
    candidates.copyWithin(1, 0, front);
    candidates[0] = chosen;
  }
}

function fewestStrikesFirst(a: Candidate, b: Candidate): number {
  const [left, right] = [a.endpoint.live.breaker, b.endpoint.live.breaker];
  return a.rank - b.rank || left.strikes - right.strikes || left.ejectedAt - right.ejectedAt;
}

/** The endpoints of the route under `all`. One with a model_filter gets only models that it is known to have. */
function fallBack(
  view: FleetView,
  request: RouteRequest,
  policy: RoutePolicy,
  isKnown: boolean,
): RoutedPlan | null {
  const refresh = request.refresh ?? null;
  const allowed = policy.strategy === 'optimistic' || (policy.strategy === 'discovery' && refresh !== null);
  if (!allowed || policy.fallback !== 'all') return null;
  const ordered = order(view, view.members(request.scope), request, policy);
  if (ordered === null) return null;
  return { kind: 'routed', ...ordered, facts: [anyEndpointFacts(policy, isKnown, refresh)] };
}

function refuse(request: RouteRequest, policy: RoutePolicy, code: RefusalCode, target: Target): RefusedPlan {
  const named = request.model !== null && request.model !== '';
  const refresh = request.refresh ?? null;
  return {
    kind: 'refused',
    code,
    message: refusalMessage(code, request.scope, request.model ?? '', target),
    facts: named ? refusedFacts(code, policy, refresh) : null,
    refreshFirst: named && policy.strategy === 'discovery' && policy.refreshOnMiss && refresh === null,
  };
}
