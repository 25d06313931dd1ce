import { OllaError } from '@olla/core/errors';
import type { Candidate, RouteScope } from '@olla/core/route-plan/fleet-view';
import { planRoute, type Plan, type RouteRequest, type RoutedPlan } from '@olla/core/route-plan/plan-route';
import type { Exchange } from './exchange.ts';
import type { ReadBody } from './read-body.ts';
import { printable } from './routes.ts';
import type { WorkerContext } from '../worker-context.ts';

/** @throws OllaError MODEL_NOT_FOUND, MODEL_UNAVAILABLE, NO_ENDPOINT */
export function planTraffic(
  context: WorkerContext,
  exchange: Exchange,
  scope: RouteScope,
  body: ReadBody,
): RoutedPlan | Promise<RoutedPlan> {
  if (context.sessions !== null && exchange.model !== null)
    exchange.session = context.sessions.turn(exchange, body);
  const request: RouteRequest = {
    scope,
    model: exchange.model,
    preferred: (exchange.request.headers['x-olla-target'] as string | undefined) ?? null,
    session: exchange.session?.lookup ?? null,
  };
  const plan = planRoute(context.fleet.view, request, context.policy);
  if (plan.kind === 'routed' || !plan.refreshFirst) return conclude(exchange, plan);
  return context.refresh
    .refreshed(exchange, scope)
    .then(() =>
      conclude(exchange, planRoute(context.fleet.view, { ...request, refreshed: true }, context.policy)),
    );
}

function conclude(exchange: Exchange, plan: Plan): RoutedPlan {
  addRoutingHeaders(exchange, plan);
  if (plan.kind === 'refused') throw new OllaError(plan.code, plan.message);
  exchange.isFallback = plan.facts?.decision === 'fallback';
  exchange.session?.planned((plan.candidates[0] as Candidate).endpoint);
  return plan;
}

function addRoutingHeaders(exchange: Exchange, plan: Plan): void {
  if (plan.facts === null) return;
  exchange.baseHeaders.push(
    'X-Olla-Routing-Strategy',
    plan.facts.strategy,
    'X-Olla-Routing-Decision',
    plan.facts.decision,
    'X-Olla-Routing-Reason',
    printable(plan.facts.reason),
  );
}
