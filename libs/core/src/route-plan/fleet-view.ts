import type { BackendType } from '../backend-type.ts';
import type { ModelNames, NamedModel, NameStep } from '../catalog/model-names.ts';
import { plainName } from '../catalog/names/plain-name.ts';
import { isServingState } from '../endpoint-status.ts';
import type { EndpointModel, Snapshot } from '../snapshot.ts';
import { applyCheck } from './breaker.ts';
import { EndpointView, type EndpointRouting, type EndpointViewInput } from './endpoint-view.ts';
import type { FleetLive, Rotation } from './fleet-live.ts';
import { onlyModel } from './only-model.ts';

/** An endpoint to send a request to, and its name for the model. Shared between plans, so it is never changed. */
export interface Candidate {
  readonly endpoint: EndpointView;
  /** Name to use there; null: the name that the client wrote, if any. */
  readonly model: string | null;
  /** The model's id in the catalog, for any name that the client used; null if the endpoint is not known to have it. */
  readonly modelId: string | null;
  /** The name differs from the client's, so that the body has to be changed. */
  readonly rewrite: boolean;
  readonly resident: boolean | null;
  /** Which step of the client's name serves, see Target; 0 if the request names no model. */
  readonly rank: number;
}

/** The endpoints that a route may use. Make each scope once, not for each request: plans are cached by its identity. */
export interface RouteScope {
  /** For messages, such as `/olla/vllm`. */
  readonly label: string;
  /** null: all types. */
  readonly types: ReadonlySet<BackendType> | null;
}

export interface FleetInput extends EndpointViewInput {
  /** null before the first snapshot: no endpoint serves. */
  readonly snapshot: Snapshot | null;
  readonly endpoints: readonly EndpointRouting[];
  readonly names: ModelNames;
}

/** The meaning of one name on one route. */
export interface Target {
  /** Each endpoint of the route that has the model, once; in the order of the configuration file. */
  readonly candidates: readonly Candidate[];
  readonly rotation: Rotation;
  /** Endpoints of any type that have the model. */
  readonly everywhere: readonly EndpointView[];
  /** The steps of the name, in the order in which they are tried; empty for requests without a model. */
  readonly steps: readonly NameStep[];
  /** The id in the catalog of the first model of the name; null for requests without a model. */
  readonly modelId: string | null;
}

const MAX_TARGETS = 4_096;

/** Cached results for one scope. */
interface ScopeTargets {
  readonly members: Target;
  readonly targets: Map<string, Target>;
  only: { readonly target: Target | null } | null;
}

/** One snapshot made ready for planning; made again with each snapshot, change of control or configuration. */
export class FleetView {
  readonly endpoints: readonly EndpointView[];
  readonly live: FleetLive;
  readonly #input: FleetInput;
  readonly #byName: ReadonlyMap<string, EndpointView>;
  /** By their plain names; made when first needed. */
  #namesakes: ReadonlyMap<string, readonly Native[]> | null = null;
  readonly #scopes = new Map<RouteScope, ScopeTargets>();

  constructor(input: FleetInput, endpoints: readonly EndpointView[]) {
    this.#input = input;
    this.live = input.live;
    this.endpoints = endpoints;
    this.#byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
  }

  /** Rises when an endpoint is ejected or readmitted. */
  get revision(): number {
    return this.endpoints.reduce((sum, { live }) => sum + live.breaker.revision, 0);
  }

  endpoint(name: string): EndpointView | undefined {
    return this.#byName.get(name);
  }

  /** All endpoints of a route, for requests without a model. */
  members(scope: RouteScope): Target {
    return this.#scope(scope).members;
  }

  /** The endpoints that have a model; without candidates if the route has none, null if the name is unknown. */
  target(scope: RouteScope, name: string): Target | null {
    const { targets } = this.#scope(scope);
    const known = targets.get(name);
    if (known !== undefined) return known;
    const found = this.#makeTarget(scope, name);
    // Unknown names are not cached: a client can invent any number of them.
    if (found === null) return null;
    if (targets.size >= MAX_TARGETS) targets.clear();
    targets.set(name, found);
    return found;
  }

  /**
   * The endpoints of a route that have a model of exactly this name, under its native spelling, for calls that change
   * it. Other names of the same model do not count, nor do configured aliases. In the order of the configuration file.
   */
  namesakes(scope: RouteScope, name: string): readonly Candidate[] {
    this.#namesakes ??= this.#indexNatives();
    const found = new Map<EndpointView, Candidate>();
    for (const { endpoint, native, modelId } of this.#namesakes.get(plainName(name)) ?? []) {
      if (scope.types?.has(endpoint.type) === false) continue;
      // Of two names that differ in letter case, the client's.
      if (found.has(endpoint) && native.name !== name) continue;
      const rewrite = native.name !== name;
      found.set(endpoint, {
        endpoint,
        model: native.name,
        modelId,
        rewrite,
        resident: native.resident,
        rank: 0,
      });
    }
    return [...found.values()].sort((a, b) => a.endpoint.order - b.endpoint.order);
  }

  #indexNatives(): ReadonlyMap<string, readonly Native[]> {
    const natives = new Map<string, Native[]>();
    for (const { id, locations } of this.#input.snapshot?.catalog.models ?? []) {
      for (const { endpoint: endpointName, model: native } of locations) {
        const endpoint = this.#byName.get(endpointName);
        if (endpoint === undefined) continue;
        const name = plainName(native.name);
        const known = natives.get(name);
        if (known === undefined) natives.set(name, [{ endpoint, native, modelId: id }]);
        else known.push({ endpoint, native, modelId: id });
      }
    }
    return natives;
  }

  /**
   * The target of the one model of a route, for requests that name none; null if there are several, or none is known.
   * The body gets its name for endpoints that would also serve models which they do not offer.
   */
  only(scope: RouteScope): Target | null {
    const entry = this.#scope(scope);
    entry.only ??= { target: this.#onlyTarget(scope, entry.members) };
    return entry.only.target;
  }

  #onlyTarget(scope: RouteScope, { everywhere }: Target): Target | null {
    const names = new Set(everywhere.map(({ name }) => name));
    const only = onlyModel(this.#input.snapshot?.catalog.models ?? [], names);
    const target = only === null ? null : this.target(scope, only.id);
    if (target === null) return null;
    const candidates = target.candidates.map((one) => ({ ...one, rewrite: one.endpoint.hasModelFilter }));
    return { ...target, candidates };
  }

  #scope(scope: RouteScope): ScopeTargets {
    let entry = this.#scopes.get(scope);
    if (entry === undefined) {
      const everywhere = this.endpoints.filter((endpoint) => scope.types?.has(endpoint.type) ?? true);
      const candidates = everywhere.map((endpoint) => ({
        endpoint,
        model: null,
        modelId: null,
        rewrite: false,
        resident: null,
        rank: 0,
      }));
      const rotation = this.live.rotation(scope.label, this.endpoints.length);
      entry = {
        members: { candidates, rotation, everywhere, steps: [], modelId: null },
        targets: new Map(),
        only: null,
      };
      this.#scopes.set(scope, entry);
    }
    return entry;
  }

  #makeTarget(scope: RouteScope, name: string): Target | null {
    const steps = this.#input.names.steps(name);
    const [first] = steps;
    if (first === undefined) return null;
    const found = new Map<EndpointView, Found>();
    for (const [rank, { models }] of steps.entries())
      for (const wanted of models) this.#collect(wanted, { written: name, rank }, found);
    const candidates = [...found.values()]
      .map(({ candidate }) => candidate)
      .filter(({ endpoint }) => scope.types?.has(endpoint.type) ?? true)
      .sort((a, b) => a.endpoint.order - b.endpoint.order);
    const ids = first.models.map(({ model }) => model.id).join('\n');
    return {
      candidates,
      rotation: this.live.rotation(`${scope.label}\n${ids}`, this.endpoints.length),
      everywhere: [...found.keys()],
      steps,
      modelId: first.models[0]?.model.id ?? null,
    };
  }

  /**
   * Adds each endpoint that has the model, unless it is in the list already. If it has several names for the model, the
   * requested one is used, because the client means it.
   */
  #collect(
    { name: wanted, model }: NamedModel,
    { written, rank }: { readonly written: string; readonly rank: number },
    found: Map<EndpointView, Found>,
  ): void {
    for (const { endpoint: endpointName, model: native } of model.locations) {
      const endpoint = this.#byName.get(endpointName);
      if (endpoint === undefined) continue;
      const known = found.get(endpoint);
      const isBetter =
        known === undefined ||
        (known.candidate.rank === rank &&
          known.wanted === wanted &&
          distance(native.name, wanted) < distance(known.candidate.model ?? '', wanted));
      if (!isBetter) continue;
      const candidate = {
        endpoint,
        model: native.name,
        modelId: model.id,
        rewrite: native.name !== written,
        resident: native.resident,
        rank,
      };
      found.set(endpoint, { candidate, wanted });
    }
  }
}

interface Found {
  readonly candidate: Candidate;
  /** The name for which it was found. */
  readonly wanted: string;
}

/** 0 for the name itself, 1 for another spelling of it, 2 for another name. */
function distance(native: string, wanted: string): number {
  if (native === wanted) return 0;
  return plainName(native) === plainName(wanted) ? 1 : 2;
}

/** One name at one endpoint. */
interface Native {
  readonly endpoint: EndpointView;
  readonly native: EndpointModel;
  /** The model's id in the catalog. */
  readonly modelId: string;
}

/** Makes a view of a snapshot, and forgets what was counted at endpoints that are configured no more. */
export function buildFleetView(input: FleetInput): FleetView {
  const byKey = new Map(input.snapshot?.endpoints.map((endpoint) => [endpoint.key, endpoint]));
  const views = input.endpoints.map(
    (settings, order) => new EndpointView(input, settings, order, byKey.get(settings.key) ?? null),
  );
  input.live.keepOnly(new Set(input.endpoints.map((endpoint) => endpoint.key)));
  return new FleetView(input, views);
}

/**
 * Applies the health checks of a new snapshot to the breakers.
 *
 * @returns the endpoints that they re-admitted
 */
export function applyChecks(view: FleetView, now: number): EndpointView[] {
  return view.endpoints.filter(({ probed, state, live }) => {
    const check = { checkedAt: probed?.checkedAt ?? null, passed: isServingState(state) };
    return applyCheck(live.breaker, check, now) === 'readmitted';
  });
}
