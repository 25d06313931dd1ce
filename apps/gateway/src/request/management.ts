import type { IncomingMessage } from 'node:http';
import { findName } from '@olla/core/body/find-name';
import { OllaError } from '@olla/core/errors';
import { chooseForManagement } from '@olla/core/route-plan/choose-for-management';
import type { RouteScope } from '@olla/core/route-plan/fleet-view';
import type { RoutedPlan } from '@olla/core/route-plan/plan-route';
import type { Snapshot } from '@olla/core/snapshot';
import type { Exchange } from './exchange.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { ReadBody } from './read-body.ts';
import type { Route } from './routes.ts';

/** The body with the model that it names in a field of its own, where it has no `model`. */
export function withNamed(body: ReadBody, field: 'name' | 'source' | null): ReadBody {
  if (field === null || body.unfinished || body.chunks.length === 0 || body.ask === null) return body;
  if (field === 'name' && body.ask.model !== null) return body;
  const ask = findName(wholeOf(body), field);
  return ask === null ? body : { ...body, ask };
}

/** The one endpoint for a call that changes models, or brings a file for one. @throws OllaError */
export function planManagement(
  fleet: Fleet,
  exchange: Exchange,
  route: Extract<Route, { kind: 'relay' }>,
  scope: RouteScope,
  body: ReadBody,
): RoutedPlan {
  const from =
    route.baseField !== null && !body.unfinished
      ? (findName(wholeOf(body), route.baseField)?.model ?? null)
      : null;
  const used = bytesByEndpoint(fleet.snapshot);
  const candidate = chooseForManagement(fleet.view, {
    scope,
    target: (exchange.request.headers['x-olla-target'] as string | undefined) ?? null,
    models: [exchange.model, from].filter((name) => name !== null),
    makes: route.addsModel,
    usedBytes: ({ name }) => used.get(name) ?? 0,
  });
  return { kind: 'routed', candidates: [candidate], facts: null, lastResort: false };
}

function wholeOf({ chunks }: ReadBody): Buffer {
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

function bytesByEndpoint(snapshot: Snapshot | null): ReadonlyMap<string, number> {
  const used = new Map<string, number>();
  for (const { locations } of snapshot?.catalog.models ?? [])
    for (const { endpoint, model } of locations)
      used.set(endpoint, (used.get(endpoint) ?? 0) + (model.sizeBytes ?? 0));
  return used;
}

/** @throws OllaError MANAGEMENT_DISABLED */
export function refuseManagement(allowed: boolean): void {
  if (!allowed)
    throw new OllaError(
      'MANAGEMENT_DISABLED',
      'calls that change models are switched off here (proxy.model_management). Make them on the server itself',
    );
}

/**
 * CORS is open, so that any page may chat; without this, any page could also delete models.
 *
 * @throws OllaError FORBIDDEN_ORIGIN
 */
export function refuseForeignOrigin(request: IncomingMessage): void {
  const { origin, host } = request.headers;
  if (origin === undefined || isSameOrigin(origin, host)) return;
  throw new OllaError(
    'FORBIDDEN_ORIGIN',
    'a web page of another origin may not change models. Use a client without Origin',
  );
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}
