import type { IncomingMessage } from 'node:http';
import { findName } from '@olla/core/body/find-name';
import { OllaError } from '@olla/core/errors';
import { chooseForManagement } from '@olla/core/route-plan/choose-for-management';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { Snapshot } from '@olla/core/snapshot';
import type { RoutingView } from '../fleet/routing-view.ts';
import { headerOf, type Call } from './call.ts';
import { requestedModel, type RequestBody } from './request-body.ts';
import type { RelayRoute } from './routes.ts';

export interface ManagementInput {
  readonly call: Call;
  readonly route: RelayRoute;
  readonly body: RequestBody;
}

/** Chooses the one endpoint for a call that changes models or uploads a file of one. @throws OllaError */
export function chooseManaged(
  { fleet, snapshot }: RoutingView,
  { call, route, body }: ManagementInput,
): Candidate {
  const from =
    route.baseField !== null && !body.isUnfinished
      ? (findName(body.read.join(), route.baseField)?.model ?? null)
      : null;
  const used = bytesByEndpoint(snapshot);
  return chooseForManagement(fleet, {
    scope: route.targets,
    target: headerOf(call.request, 'x-olla-target') ?? null,
    models: [requestedModel(body), from].filter((name) => name !== null),
    makes: route.addsModel,
    usedBytes: ({ name }) => used.get(name) ?? 0,
  });
}

function bytesByEndpoint(snapshot: Snapshot | null): ReadonlyMap<string, number> {
  const used = new Map<string, number>();
  for (const { locations } of snapshot?.catalog.models ?? [])
    for (const { endpoint, model } of locations)
      used.set(endpoint, (used.get(endpoint) ?? 0) + (model.sizeBytes ?? 0));
  return used;
}

/**
 * Refuses management where it is switched off, and to pages of other origins. CORS is open so that any page may chat; it
 * must not let any page delete models.
 *
 * @param isAllowed as proxy.model_management says
 * @throws OllaError MANAGEMENT_DISABLED, FORBIDDEN_ORIGIN
 */
export function guardManagement(request: IncomingMessage, isAllowed: boolean): void {
  if (!isAllowed)
    throw new OllaError(
      'MANAGEMENT_DISABLED',
      'calls that change models are switched off here (proxy.model_management). Make them on the server itself',
    );
  const { origin, host } = request.headers;
  if (origin !== undefined && !isSameOrigin(origin, host))
    throw new OllaError(
      'FORBIDDEN_ORIGIN',
      'a web page of another origin may not change models. Use a client without Origin',
    );
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}
