import { atBase } from '@olla/backends/base-path';
import { isManagement } from '@olla/backends/path-kinds';
import { profileOrDefault } from '@olla/backends/table';
import { OllaError } from '@olla/core/errors';
import { decodeLeniently } from '@olla/core/http/normalize-path';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { Endpoint } from '../fleet/endpoints.ts';
import { headerOf, type Call } from './call.ts';
import type { Callers } from './callers.ts';
import type { ClientAddress } from './client-address.ts';
import type { RelayRoute } from './routes.ts';
import { backendPath } from './scopes.ts';

export interface ManagementGuardOptions {
  /** The value of proxy.model_management. */
  readonly isManagementAllowed: boolean;
  readonly callers: Callers;
  readonly endpoint: (name: string) => Endpoint;
}

export interface GuardedRequest {
  readonly call: Call;
  readonly route: RelayRoute;
  readonly client: ClientAddress;
}

/**
 * Keeps callers from management that they are not allowed: they would use the gateway's credentials and its place in
 * the network. CORS is open so that any page may chat, but no page may delete models.
 */
export class ManagementGuard {
  readonly #options: ManagementGuardOptions;

  constructor(options: ManagementGuardOptions) {
    this.#options = options;
  }

  /**
   * Refuses requests that are management at every endpoint, before the body is read.
   *
   * @throws OllaError MANAGEMENT_DISABLED, FORBIDDEN_HOST, FORBIDDEN_ORIGIN
   */
  checkRoute(request: GuardedRequest): void {
    const refusal = request.route.isManagement ? this.#refusalOfCaller(request) : null;
    if (refusal !== null) throw refusal;
  }

  /** Whether an endpoint takes management at all. */
  takesManagement({ endpoint }: Candidate): boolean {
    return refusalOfEndpoint(this.#options.endpoint(endpoint.name)) === null;
  }

  /**
   * The candidates that may get the request, in order.
   *
   * @throws OllaError as checkRoute, if none may; or if the endpoint in X-Olla-Target may not
   */
  permitted(request: GuardedRequest, candidates: readonly Candidate[]): readonly Candidate[] {
    const { call, route } = request;
    if (!route.isManagement && candidates.every(({ endpoint }) => route.usedBy.has(endpoint.type)))
      return candidates;
    let ofCaller: OllaError | null | undefined;
    let first: OllaError | null = null;
    const target = headerOf(call.request, 'x-olla-target');
    const permitted = candidates.filter((candidate) => {
      if (!this.#counts(request, candidate)) return true;
      if (ofCaller === undefined) ofCaller = this.#refusalOfCaller(request);
      const refusal = ofCaller ?? refusalOfEndpoint(this.#options.endpoint(candidate.endpoint.name));
      if (refusal !== null && candidate.endpoint.name === target) throw refusal;
      first ??= refusal;
      return refusal === null;
    });
    if (permitted.length === 0 && first !== null) throw first;
    return permitted;
  }

  /** Whether the request is management at this endpoint. */
  #counts({ call, route }: GuardedRequest, candidate: Candidate): boolean {
    const profile = profileOrDefault(candidate.endpoint.type);
    if (route.isManagement) return true;
    if (route.usedBy.has(profile.type)) return false;
    const { base, hasCredentials } = this.#options.endpoint(candidate.endpoint.name);
    if (hasCredentials) return true;
    if (base.prefix === '' && base.api === null) return false;
    // Behind the path of the endpoint's URL it may have another meaning.
    const path = atBase(base, profile, backendPath(profile, route.path));
    return isManagement(call.method, decodeLeniently(path));
  }

  #refusalOfCaller({ call, client }: GuardedRequest): OllaError | null {
    if (!this.#options.isManagementAllowed)
      return new OllaError(
        'MANAGEMENT_DISABLED',
        'calls that manage servers are switched off here (proxy.model_management). Make them on the server itself',
      );
    return this.#options.callers.refusalOfChange(call.request, client);
  }
}

function refusalOfEndpoint({ name, hasCredentials, settings }: Endpoint): OllaError | null {
  if (!hasCredentials || settings.management) return null;
  return new OllaError(
    'MANAGEMENT_DISABLED',
    `endpoint ${name} has credentials of its own, which serve inference and reading only. Set management: true in its entry of discovery.static.endpoints to let clients manage it`,
  );
}
