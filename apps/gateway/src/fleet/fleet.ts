import { DEFAULT_PROFILE, profileOrDefault } from '@olla/backends/table';
import { credentialHeaders } from '@olla/config/endpoint-credentials';
import type { EndpointSettings, Settings } from '@olla/config/schema';
import { indexCatalog, type ModelIndex } from '@olla/core/catalog/index-catalog';
import { endpointKey } from '@olla/core/endpoint-key';
import {
  applyEjection,
  grantProbe,
  isProbeDue,
  recordConnectionFailure,
  recordStatus,
  takeProbe,
} from '@olla/core/route-plan/breaker';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import { FleetLive } from '@olla/core/route-plan/fleet-live';
import { applyChecks, buildFleetView, type FleetView } from '@olla/core/route-plan/fleet-view';
import { compareVersions, type Snapshot } from '@olla/core/snapshot';
import type { Control } from '@olla/state/ports/control';
import type { SharedState } from '@olla/state/shared-state';
import { Http1Upstream } from '@olla/upstream/http1/http1-upstream';
import type { Upstream } from '@olla/upstream/upstream';

/** One configured endpoint, with what it takes to reach it. Lives as long as the worker. */
export interface Endpoint {
  readonly name: string;
  readonly key: string;
  readonly settings: EndpointSettings;
  readonly upstream: Upstream;
  /** `host[:port]`: requests carry the backend's own Host. */
  readonly host: string;
  /** Flat: its credentials and configured headers; null where it has none. */
  readonly credentials: readonly string[] | null;
  /** Put in front of every path; empty unless preserve_path. */
  readonly basePath: string;
}

/** How long a worker that was granted a probe has for it, before another may try. */
const PROBE_TTL_MS = 10_000;
/** How often ejected endpoints are looked at for a probe that is due. */
const PROBE_CHECK_MS = 1_000;
/** What the fleet uses of the shared state. */
export type FleetState = Pick<SharedState, 'snapshots' | 'control' | 'load' | 'ejections'> & {
  readonly self: Pick<SharedState['self'], 'id'>;
  readonly statistics: Pick<SharedState['statistics'], 'noteChange'>;
};

/**
 * What a worker knows of the endpoints: the view that requests are planned on, renewed with each snapshot, and the
 * counts and failures of its own traffic, shared with the other workers.
 */
export class Fleet {
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly #settings: Settings;
  readonly #state: FleetState;
  readonly #live = new FleetLive(Math.random());
  readonly #byKey: ReadonlyMap<string, Endpoint>;
  readonly #unsubscribe: (() => void)[];
  readonly #prober: NodeJS.Timeout;
  #view: FleetView;
  #index: ModelIndex = { find: () => undefined };
  #indexed = -1;
  #indexedToken = -1;
  #snapshot: Snapshot | null = null;
  #control: Control;

  constructor(settings: Settings, state: FleetState, snapshot: Snapshot | null, control: Control) {
    this.#settings = settings;
    this.#state = state;
    this.#control = control;
    const endpoints = settings.discovery.static.endpoints.map((endpoint) => makeEndpoint(endpoint, settings));
    this.endpoints = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
    this.#byKey = new Map(endpoints.map((endpoint) => [endpoint.key, endpoint]));
    this.#view = this.#build();
    if (snapshot !== null) this.#take(snapshot);
    this.#unsubscribe = [
      state.snapshots.onSnapshot((newer) => this.#take(newer)),
      state.control.onControl((changed) => {
        this.#control = changed;
        this.#view = this.#build();
      }),
      state.load.onOthers((others) => this.#live.setOthersInFlight(others)),
      state.ejections.onEjection(({ endpointKey: key, by, cause = 'connection', reason, at }) => {
        if (by !== state.self.id && this.#byKey.has(key))
          applyEjection(this.#live.endpoint(key).breaker, { cause, reason, at }, Date.now());
      }),
    ];
    this.#prober = setInterval(() => this.#seekProbes(), PROBE_CHECK_MS).unref();
  }

  get view(): FleetView {
    return this.#view;
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  get control(): Control {
    return this.#control;
  }

  get models(): ModelIndex {
    return this.#index;
  }

  /** A request goes to the endpoint: counted until `release`. */
  acquire(view: EndpointView): void {
    view.live.inFlight += 1;
    takeProbe(view.live.breaker);
    this.#tellInFlight(view);
  }

  release(view: EndpointView): void {
    view.live.inFlight -= 1;
    this.#tellInFlight(view);
  }

  /** @param startedAt when the attempt began; epoch milliseconds */
  connectionFailed(view: EndpointView, reason: string, startedAt: number): void {
    const { breaker } = view.live;
    if (recordConnectionFailure(breaker, { reason, startedAt }, Date.now()) === 'ejected') this.#report(view);
  }

  answered(view: EndpointView, status: number, startedAt: number): void {
    if (recordStatus(view.live.breaker, status, startedAt, Date.now()) === 'ejected') this.#report(view);
  }

  /** Requests in flight by endpoint name, those that have none left out. */
  inFlight(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { name, live } of this.#view.endpoints) if (live.inFlight > 0) counts[name] = live.inFlight;
    return counts;
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    clearInterval(this.#prober);
    for (const { upstream } of this.endpoints.values()) upstream.close();
  }

  #report({ key, name, live }: EndpointView): void {
    const { cause, reason, since } = live.breaker;
    const by = this.#state.self.id;
    this.#state.ejections
      .eject({ endpointKey: key, endpoint: name, cause, reason, by, at: since })
      .catch(() => {
        // The hub is gone: this worker keeps away from the endpoint by itself.
      });
  }

  #take(snapshot: Snapshot): void {
    if (this.#snapshot !== null && compareVersions(snapshot.version, this.#snapshot.version) <= 0) return;
    this.#snapshot = snapshot;
    if (snapshot.catalog.revision !== this.#indexed || snapshot.version.token !== this.#indexedToken) {
      this.#index = indexCatalog(snapshot.catalog);
      this.#indexed = snapshot.catalog.revision;
      this.#indexedToken = snapshot.version.token;
    }
    this.#view = this.#build();
    applyChecks(this.#view, Date.now());
  }

  #build(): FleetView {
    return buildFleetView({
      snapshot: this.#snapshot,
      endpoints: [...this.endpoints.values()].map(({ name, key, settings }) => ({
        name,
        key,
        type: settings.type === 'auto' ? DEFAULT_PROFILE.type : settings.type,
        priority: settings.priority,
        weight: settings.weight,
      })),
      control: this.#control,
      models: this.#index,
      live: this.#live,
      concurrencyOf: (type) => profileOrDefault(type).defaultConcurrency,
      aliases: this.#settings.model_aliases,
    });
  }

  #tellInFlight({ key, live }: EndpointView): void {
    this.#state.load.setInFlight(key, live.inFlight);
    // Requests in flight are part of the statistics, which other hosts read.
    this.#state.statistics.noteChange();
  }

  #seekProbes(): void {
    const now = Date.now();
    for (const { key, live } of this.#view.endpoints) {
      const { breaker } = live;
      if (!isProbeDue(breaker, now)) continue;
      // Asked once for this while, whatever comes of it.
      breaker.probeUntil = now + PROBE_TTL_MS;
      this.#state.ejections.acquireProbe(key, PROBE_TTL_MS).then(
        (granted) => {
          if (granted) grantProbe(breaker, Date.now() + PROBE_TTL_MS);
        },
        // The store is away: nobody else can be asked, so this worker tries for itself.
        () => grantProbe(breaker, Date.now() + PROBE_TTL_MS),
      );
    }
  }
}

function makeEndpoint(settings: EndpointSettings, all: Settings): Endpoint {
  const url = new URL(settings.url);
  const { proxy } = all;
  const own = Object.entries(credentialHeaders(settings)).flat();
  const path = url.pathname.replace(/\/+$/, '');
  return {
    name: settings.name,
    key: endpointKey(settings.name, settings.url, settings.type),
    settings,
    host: url.host,
    credentials: own.length === 0 ? null : own,
    basePath: settings.preserve_path ? path : '',
    upstream: new Http1Upstream({
      origin: url.origin,
      connectTimeoutMs: proxy.connection_timeout,
      tlsHandshakeTimeoutMs: proxy.tls_handshake_timeout,
      keepAliveMs: proxy.connection_keep_alive,
      headTimeoutMs: proxy.response_header_timeout,
      readTimeoutMs: proxy.read_timeout,
    }),
  };
}
