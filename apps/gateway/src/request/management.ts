import type { IncomingMessage } from 'node:http';
import { findName } from '@olla/core/body/find-name';
import { OllaError } from '@olla/core/errors';
import { limitKey } from '@olla/core/limits-address/client-address';
import { chooseFileHome } from '@olla/core/route-plan/choose-file-home';
import { chooseForManagement } from '@olla/core/route-plan/choose-for-management';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { Snapshot } from '@olla/core/snapshot';
import type { RoutingView } from '../fleet/routing-view.ts';
import { headerOf, type Call } from './call.ts';
import type { ClientAddress } from './client-address.ts';
import type { Cors } from './cors.ts';
import { requestedModel, type RequestBody } from './request-body.ts';
import { printable, type RelayRoute } from './routes.ts';

export interface ManagementInput {
  readonly call: Call;
  readonly route: RelayRoute;
  readonly client: ClientAddress;
  readonly body: RequestBody;
}

/** Chooses the one endpoint for a call that changes models. @param filesAt see ManagementCall @throws OllaError */
export function chooseManaged(
  { fleet, snapshot }: RoutingView,
  { call, route, body }: Omit<ManagementInput, 'client'>,
  filesAt: ReadonlySet<string> | null,
): Candidate {
  const base =
    route.baseField !== null && !body.isUnfinished
      ? (findName(body.read.join(), route.baseField)?.model ?? null)
      : null;
  const used = bytesByEndpoint(snapshot);
  return chooseForManagement(fleet, {
    scope: route.targets,
    target: targetOf(call),
    model: requestedModel(body),
    base: base || null,
    makes: route.addsModel,
    filesAt: filesAt === null || filesAt.size === 0 ? null : filesAt,
    usedBytes: ({ name }) => used.get(name) ?? 0,
  });
}

/** Chooses the endpoint for a file of a model. @throws OllaError */
export function chooseForFile(
  routing: RoutingView,
  { call, route, client, body }: ManagementInput,
): Candidate {
  if (targetOf(call) !== null) return chooseManaged(routing, { call, route, body }, null);
  return chooseFileHome(routing.fleet, route.targets, limitKey(client.address));
}

/** The endpoints that may have the files of a model: those that answer, drained ones too. */
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

export interface ManagementRules {
  /** As proxy.model_management says. */
  readonly isManagementAllowed: boolean;
  /** Null where CORS is switched off. */
  readonly cors: Pick<Cors, 'names'> | null;
}

/**
 * Refuses management where it is switched off, and to pages of other origins that the operator has not named. CORS is open
 * so that any page may chat; it must not let any page delete models.
 *
 * @throws OllaError MANAGEMENT_DISABLED, FORBIDDEN_ORIGIN
 */
export function guardManagement(
  request: IncomingMessage,
  { isPeerTrusted }: Pick<ClientAddress, 'isPeerTrusted'>,
  { isManagementAllowed, cors }: ManagementRules,
): void {
  if (!isManagementAllowed)
    throw new OllaError(
      'MANAGEMENT_DISABLED',
      'calls that change models are switched off here (proxy.model_management). Make them on the server itself',
    );
  const { origin, host } = request.headers;
  if (origin === undefined || isSameOrigin(origin, host)) return;
  if (isPeerTrusted && isSameOrigin(origin, forwardedHost(request))) return;
  if (cors?.names(origin) === true) return;
  throw new OllaError(
    'FORBIDDEN_ORIGIN',
    `a web page of another origin may not change models: its Origin is ${printable(origin)}, the Host is ${printable(host ?? 'not given')}. Name the origin in server.cors.allowed_origins; if a proxy in front has changed Host, let it pass the client's on (nginx: proxy_set_header Host $host), or trust its X-Forwarded-Host (server.rate_limits.trust_proxy_headers)`,
  );
}

/** What the nearest proxy says that the client asked for: the last of a list. */
function forwardedHost(request: IncomingMessage): string | undefined {
  return headerOf(request, 'x-forwarded-host')?.split(',').at(-1)?.trim();
}

/** @param host `host[:port]`; the port of the origin's scheme may be left out or not */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = `${page.protocol}//${host}`;
  return page.host !== '' && URL.canParse(own) && new URL(own).host === page.host;
}
