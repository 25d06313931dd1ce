import { isBackedOff } from './backoff.ts';
import type { BalancerName, Balancer } from './balance/balancer.ts';
import { leastConnections } from './balance/least-connections.ts';
import { priority } from './balance/priority.ts';
import { roundRobin } from './balance/round-robin.ts';
import type { Candidate, FleetView, RouteScope, Target } from './fleet-view.ts';
import { placeSession, type SessionLookup } from '../sticky/place-session.ts';
import { refusalMessage, type RefusalCode } from './refusal-message.ts';

/** What a request asks of the fleet. */
export interface RouteRequest {
  readonly scope: RouteScope;
  /** As the client wrote it; null or empty if the request names none. */
  readonly model: string | null;
  /** Endpoint that goes first if it is among the usable ones, because the client asked for it. */
  readonly preferred?: string | null;
  /** Null for requests that belong to no session. */
  readonly session?: SessionLookup | null;
  /** The fleet's models were listed anew for this request already. */
  readonly refreshed?: boolean;
}

export interface RoutePolicy {
  readonly balancer: BalancerName;
  readonly strategy: 'strict' | 'optimistic' | 'discovery';
  readonly fallback: 'compatible_only' | 'all' | 'none';
  readonly refreshOnMiss: boolean;
}

/** Values of the X-Olla-Routing-* headers. */
export interface RoutingFacts {
  readonly strategy: string;
  readonly decision: string;
  readonly reason: string;
}

export interface RoutedPlan {
  readonly kind: 'routed';
  /** In the order to try them; never empty, each endpoint once. */
  readonly candidates: readonly Candidate[];
  /** null for requests without a model: they have no such headers. */
  readonly facts: RoutingFacts | null;
  /** All were ejected: the first is the least bad. */
  readonly lastResort: boolean;
}

export interface RefusedPlan {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly message: string;
  readonly facts: RoutingFacts | null;
  /** The strategy wants the models listed anew before this is final: then plan again, with `refreshed`. */
  readonly refreshFirst: boolean;
}

export type Plan = RoutedPlan | RefusedPlan;

const BALANCERS: Readonly<Record<BalancerName, Balancer>> = {
  'least-connections': leastConnections,
  priority,
  'round-robin': roundRobin,
};

/**
 * Decides where a request may go, from what the worker has in memory. Changes nothing but whose turn it is. The
 * caller records what it does, on the endpoint's `live`: requests in flight, failures, and the taking of a probe.
 */
export function planRoute(view: FleetView, request: RouteRequest, policy: RoutePolicy): Plan {
  const { scope, model } = request;
  if (model === null || model === '') {
    const members = view.members(scope);
    return route(view, members, request, policy, null) ?? refuse(request, policy, 'NO_ENDPOINT', members);
  }
  const target = view.target(scope, model);
  const routed = target === null ? null : route(view, target, request, policy, foundFacts(request, policy));
  if (routed !== null)
    return target?.alias === true ? { ...routed, facts: aliasFacts(model, routed) } : routed;
  const fallback = fallBack(view, request, policy, target !== null);
  if (fallback !== null) return fallback;
  if (target !== null) return refuse(request, policy, 'MODEL_UNAVAILABLE', target);
  const members = view.members(scope);
  // Where nothing was ever listed, "nobody has it" cannot be said.
  const blind = members.candidates.length > 0 && members.everywhere.every((endpoint) => !endpoint.listed);
  return refuse(request, policy, blind ? 'NO_ENDPOINT' : 'MODEL_NOT_FOUND', members);
}

function route(
  view: FleetView,
  target: Target,
  request: RouteRequest,
  policy: RoutePolicy,
  facts: RoutingFacts | null,
): RoutedPlan | null {
  const usable: Candidate[] = [];
  let ejected: Candidate[] | null = null;
  for (const candidate of target.candidates) {
    const { status, live } = candidate.endpoint;
    if (status.serves) usable.push(candidate);
    else if (status.status !== 'ejected') continue;
    else if (live.breaker.probeGranted) usable.push(candidate);
    else (ejected ??= []).push(candidate);
  }
  if (usable.length === 0) {
    if (ejected === null) return null;
    ejected.sort(leastBadFirst);
    return { kind: 'routed', candidates: ejected, facts, lastResort: true };
  }
  if (request.session === undefined || request.session === null) balance(usable, target, view, policy);
  else placeSession(usable, request.session, policy.balancer === 'priority');
  putBehind(usable, view.live.now);
  promote(usable, request);
  return { kind: 'routed', candidates: usable, facts, lastResort: false };
}

/** Orders by the balancer; an alias first by the place of each model in its chain. */
function balance(usable: Candidate[], target: Target, view: FleetView, policy: RoutePolicy): void {
  const balancer = BALANCERS[policy.balancer];
  const context = { live: view.live, rotation: target.rotation };
  if (!target.alias) {
    balancer(usable, context);
    return;
  }
  usable.sort((a, b) => a.rank - b.rank);
  const best = usable[0]?.rank;
  const first = usable.filter((candidate) => candidate.rank === best);
  balancer(first, context);
  for (let i = 0; i < first.length; i += 1) usable[i] = first[i] as Candidate;
}

/** Endpoints that refuse requests for now go behind those that do not; the order among each stays. */
function putBehind(candidates: Candidate[], now: () => number): void {
  const isBehind = ({ endpoint }: Candidate): boolean => isBackedOff(endpoint.live.backoff, now);
  if (!candidates.some(isBehind)) return;
  candidates.sort((a, b) => Number(isBehind(a)) - Number(isBehind(b)));
}

/** A granted probe goes first, so that it is made; but what was asked for by name goes before it. */
function promote(candidates: Candidate[], request: RouteRequest): void {
  let front = -1;
  for (let i = 0; i < candidates.length; i += 1) {
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

function leastBadFirst(a: Candidate, b: Candidate): number {
  const [left, right] = [a.endpoint.live.breaker, b.endpoint.live.breaker];
  return left.strikes - right.strikes || left.ejectedAt - right.ejectedAt;
}

function fallBack(
  view: FleetView,
  request: RouteRequest,
  policy: RoutePolicy,
  known: boolean,
): RoutedPlan | null {
  const allowed =
    policy.strategy === 'optimistic' || (policy.strategy === 'discovery' && request.refreshed === true);
  if (!allowed || policy.fallback !== 'all') return null;
  const reason = known ? 'model_unavailable_fallback' : 'model_not_found_fallback';
  const facts = { strategy: policy.strategy, decision: 'fallback', reason };
  return route(view, view.members(request.scope), request, policy, facts);
}

function refuse(request: RouteRequest, policy: RoutePolicy, code: RefusalCode, target: Target): RefusedPlan {
  const named = request.model !== null && request.model !== '';
  const reason =
    policy.strategy === 'discovery' && !policy.refreshOnMiss ? UNAVAILABLE_NO_REFRESH : UNAVAILABLE;
  return {
    kind: 'refused',
    code,
    message: refusalMessage(code, request.scope, request.model ?? '', target),
    facts: named ? { strategy: policy.strategy, decision: 'rejected', reason: reason[code] } : null,
    refreshFirst:
      named && policy.strategy === 'discovery' && policy.refreshOnMiss && request.refreshed !== true,
  };
}

const UNAVAILABLE: Readonly<Record<RefusalCode, string>> = {
  MODEL_NOT_FOUND: 'model_not_found',
  MODEL_UNAVAILABLE: 'model_unavailable',
  NO_ENDPOINT: 'no_healthy_endpoints',
};
const UNAVAILABLE_NO_REFRESH = { ...UNAVAILABLE, MODEL_UNAVAILABLE: 'model_unavailable_no_refresh' };

const FOUND: Readonly<Record<RoutePolicy['strategy'], RoutingFacts>> = {
  strict: { strategy: 'strict', decision: 'routed', reason: 'model_found' },
  optimistic: { strategy: 'optimistic', decision: 'routed', reason: 'model_found' },
  discovery: { strategy: 'discovery', decision: 'routed', reason: 'model_found' },
};
const FOUND_NO_REFRESH = { ...FOUND.discovery, reason: 'model_found_no_refresh' };
const FOUND_AFTER_REFRESH = { ...FOUND.discovery, reason: 'model_found_after_refresh' };

function foundFacts(request: RouteRequest, policy: RoutePolicy): RoutingFacts {
  if (policy.strategy !== 'discovery') return FOUND[policy.strategy];
  if (!policy.refreshOnMiss) return FOUND_NO_REFRESH;
  return request.refreshed === true ? FOUND_AFTER_REFRESH : FOUND.discovery;
}

function aliasFacts(alias: string, plan: RoutedPlan): RoutingFacts {
  const count = String(plan.candidates.length);
  return {
    strategy: 'alias',
    decision: 'routed',
    reason: `alias "${alias}" resolved to ${count} endpoint(s)`,
  };
}
