import {
  applyEjection,
  grantProbe,
  isProbeDue,
  recordConnectionFailure,
  recordStatus,
  takeProbe,
  type BreakerChange,
} from '@olla/core/route-plan/breaker';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { FleetLive } from '@olla/core/route-plan/fleet-live';
import type { FleetView } from '@olla/core/route-plan/fleet-view';
import { applyChecks } from '@olla/core/route-plan/fleet-view';
import type { Instance } from '@olla/core/instance';
import type { EjectionPort } from '@olla/state/ports/ejections';
import type { Endpoints } from './endpoints.ts';

export interface EjectionsOptions {
  readonly endpoints: Endpoints;
  readonly live: FleetLive;
  readonly state: {
    readonly self: Pick<Instance, 'id'>;
    readonly ejections: EjectionPort;
  };
}

/** How long a worker that was granted a probe has for it, before another may try. */
const PROBE_TTL_MS = 10_000;
/** How often ejected endpoints are looked at for a probe that is due. */
const PROBE_CHECK_MS = 1_000;

export type EjectableEndpoint = Pick<EndpointView, 'key' | 'name' | 'live'>;

/**
 * Keeps traffic away from endpoints that fail in traffic: the breaker of each hears of every attempt, and what it
 * decides is told to the other workers. An ejected endpoint is tried again by one request of the cluster at a time.
 */
export class Ejections {
  readonly #options: EjectionsOptions;
  readonly #unsubscribe: () => void;
  readonly #prober: NodeJS.Timeout;

  constructor(options: EjectionsOptions) {
    this.#options = options;
    const { endpoints, live, state } = options;
    const keys = new Set(endpoints.list.map(({ key }) => key));
    this.#unsubscribe = state.ejections.onEjection(
      ({ endpointKey, by, cause = 'connection', reason, at }) => {
        if (by !== state.self.id && keys.has(endpointKey))
          applyEjection(live.endpoint(endpointKey).breaker, { cause, reason, at }, Date.now());
      },
    );
    this.#prober = setInterval(() => this.#seekProbes(), PROBE_CHECK_MS).unref();
  }

  /** A request goes to the endpoint: it is the probe, if one was granted. */
  attemptStarts({ live }: EjectableEndpoint): void {
    takeProbe(live.breaker);
  }

  /** @param startedAt when the attempt began; epoch milliseconds */
  connectionFailed(endpoint: EjectableEndpoint, code: string, startedAt: number): void {
    const reason = `connection failed (${code})`;
    this.#tell(endpoint, recordConnectionFailure(endpoint.live.breaker, { reason, startedAt }, Date.now()));
  }

  /** @param startedAt when the attempt began; epoch milliseconds */
  responded(endpoint: EjectableEndpoint, status: number, startedAt: number): void {
    this.#tell(endpoint, recordStatus(endpoint.live.breaker, status, startedAt, Date.now()));
  }

  /** A new snapshot brings the agent's checks, which may re-admit endpoints. */
  applyChecks(view: FleetView): void {
    for (const endpoint of applyChecks(view, Date.now())) this.#tell(endpoint, 'readmitted');
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#prober);
  }

  /** What a breaker decided here goes to the cluster. */
  #tell({ key, name, live }: EjectableEndpoint, change: BreakerChange | null): void {
    if (change !== 'ejected') return;
    const { self, ejections } = this.#options.state;
    const { cause, reason, since } = live.breaker;
    ejections.eject({ endpointKey: key, endpoint: name, cause, reason, by: self.id, at: since }).catch(() => {
      // The hub is gone: this worker keeps away from the endpoint by itself.
    });
  }

  #seekProbes(): void {
    const { endpoints, live, state } = this.#options;
    const now = Date.now();
    for (const { key } of endpoints.list) {
      const { breaker } = live.endpoint(key);
      if (!isProbeDue(breaker, now)) continue;
      // Asked once for this while, whatever comes of it.
      breaker.probeUntil = now + PROBE_TTL_MS;
      const grant = (): void => grantProbe(breaker, Date.now() + PROBE_TTL_MS);
      state.ejections.acquireProbe(key, PROBE_TTL_MS).then(
        (isGranted) => {
          if (isGranted) grant();
        },
        // The store is away: nobody else can be asked, so this worker tries for itself.
        grant,
      );
    }
  }
}
