import { findField } from '@olla/core/body/find-field';
import { limitKey } from '@olla/core/limits-address/client-address';
import { chooseFileHome } from '@olla/core/route-plan/choose-file-home';
import { chooseForManagement } from '@olla/core/route-plan/choose-for-management';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { Snapshot } from '@olla/core/snapshot';
import type { RoutingView } from '../fleet/routing-view.ts';
import { headerOf, type Call } from './call.ts';
import type { ClientAddress } from './client-address.ts';
import { requestedModel, type RequestBody } from './request-body.ts';
import type { RelayRoute } from './routes.ts';

export interface ManagementInput {
  readonly call: Call;
  readonly route: RelayRoute;
  readonly client: ClientAddress;
  readonly body: RequestBody;
  /** Whether an endpoint takes management. */
  readonly takes: (candidate: Candidate) => boolean;
}

/** Chooses the one endpoint for a call that changes models. @param filesAt see ManagementCall @throws OllaError */
export function chooseManaged(
  { fleet, snapshot }: RoutingView,
  { call, route, body, takes }: Omit<ManagementInput, 'client'>,
  filesAt: ReadonlySet<string> | null,
): Candidate {
  const base =
    route.baseField !== null && !body.isUnfinished
      ? findField(body.read.join(), route.baseField).model
      : null;
  const used = bytesByEndpoint(snapshot);
  return chooseForManagement(fleet, {
    scope: route.targets,
    target: targetOf(call),
    model: requestedModel(body),
    base: base || null,
    makes: route.addsModel,
    filesAt: filesAt === null || filesAt.size === 0 ? null : filesAt,
    takes,
    usedBytes: ({ name }) => used.get(name) ?? 0,
  });
}

/** Chooses the endpoint for a file of a model. @throws OllaError */
export function chooseForFile(
  routing: RoutingView,
  { call, route, client, body, takes }: ManagementInput,
): Candidate {
  if (targetOf(call) !== null) return chooseManaged(routing, { call, route, body, takes }, null);
  return chooseFileHome(routing.fleet, route.targets, limitKey(client.address), takes);
}

/** The endpoints that may have the files of a model: those that are reachable, drained ones too. */
export function possibleHolders({ fleet }: RoutingView, { targets }: RelayRoute): readonly Candidate[] {
  return fleet
    .members(targets)
    .candidates.filter(
      ({ endpoint: { status } }) =>
        status.serves || status.status === 'ejected' || status.status === 'draining',
    );
}

function targetOf(call: Call): string | null {
  return headerOf(call.request, 'x-olla-target') ?? null;
}

function bytesByEndpoint(snapshot: Snapshot | null): ReadonlyMap<string, number> {
  const used = new Map<string, number>();
  for (const { locations } of snapshot?.catalog.models ?? [])
    for (const { endpoint, model } of locations)
      used.set(endpoint, (used.get(endpoint) ?? 0) + (model.sizeBytes ?? 0));
  return used;
}
