import type { Instance } from '@olla/core/instance';
import { isRefusal, recordRefusal, recordServed } from '@olla/core/route-plan/backoff';
import {
  applyEjection,
  applyReadmission,
  grantProbe,
  isProbeDue,
  recordAlive,
  recordConnectionFailure,
  recordStatus,
  takeProbe,
} from '@olla/core/route-plan/breaker';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { FleetLive } from '@olla/core/route-plan/fleet-live';
import { applyChecks, type FleetView } from '@olla/core/route-plan/fleet-view';
import type { Ejection, EjectionPort, Readmission } from '@olla/state/ports/ejections';
import type { EventPort } from '@olla/state/ports/events';
import { reportEvent, type EventLogger } from '@olla/state/report-event';
import type { Endpoints } from './endpoints.ts';

export interface EjectionsOptions {
  readonly endpoints: Endpoints;
  readonly live: FleetLive;
  readonly state: {
    readonly self: Pick<Instance, 'id'>;
    readonly ejections: EjectionPort;
    readonly events: Pick<EventPort, 'publish'>;
  };
  readonly log: EventLogger;
}

/** How long a worker that was granted a probe has for it, before another may try. */
const PROBE_TTL_MS = 10_000;
/** How often ejected endpoints are looked at for a probe that is due. */
const PROBE_CHECK_MS = 1_000;

/** What an attempt came to at an endpoint that could be reached. */
export interface EndpointResponse {
  /** Of its response; where none came, the one that the gateway's own error has. */
  readonly status: number;
  /** When the attempt began; epoch milliseconds. */
  readonly startedAt: number;
  /** Null where it does not tell. */
  readonly retryAfterMs: number | null;
}

export type EjectableEndpoint = Pick<EndpointView, 'key' | 'name' | 'state' | 'live'>;

/**
 * Keeps traffic away from endpoints that fail in traffic. The breaker of each hears of every attempt; what it decides
 * holds for this worker at once and is told to the cluster, which says whether this worker was the first: then it
 * reports the event. An ejected endpoint is tried again by one request of the cluster at a time.
 */
export class Ejections {
  readonly #options: EjectionsOptions;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #prober: NodeJS.Timeout;
  /** Of the configured endpoints: other hosts may have more. */
  readonly #keys: ReadonlySet<string>;

  constructor(options: EjectionsOptions) {
    this.#options = options;
    const { ejections } = options.state;
    this.#keys = new Set(options.endpoints.list.map(({ key }) => key));
    this.#unsubscribe = [
      ejections.onEjection((ejection) => this.#followEjection(ejection)),
      ejections.onReadmission((readmission) => this.#followReadmission(readmission)),
    ];
    this.#prober = setInterval(() => this.#seekProbes(), PROBE_CHECK_MS).unref();
  }

  /** A request goes to the endpoint: it is the probe, if one was granted. */
  attemptStarts({ live }: EjectableEndpoint): void {
    takeProbe(live.breaker);
  }

  /** @param startedAt when the attempt began; epoch milliseconds */
  connectionFailed(endpoint: EjectableEndpoint, code: string, startedAt: number): void {
    const failure = { reason: `connection failed (${code})`, startedAt };
    const change = recordConnectionFailure(endpoint.live.breaker, failure, Date.now());
    if (change === 'ejected') void this.#eject(endpoint);
  }

  responded(endpoint: EjectableEndpoint, { status, startedAt, retryAfterMs }: EndpointResponse): void {
    const { breaker, backoff } = endpoint.live;
    const now = Date.now();
    const refuses = isRefusal(status, now - startedAt);
    if (refuses) recordRefusal(backoff, { startedAt, retryAfterMs }, now);
    else if (status < 400) recordServed(backoff, startedAt);
    const change = refuses
      ? recordAlive(breaker, status, now)
      : recordStatus(breaker, status, startedAt, now);
    if (change === 'ejected') void this.#eject(endpoint);
    else if (change === 'readmitted') void this.#readmit(endpoint);
  }

  /** A new snapshot brings the agent's checks, which may re-admit endpoints. */
  applyChecks(view: FleetView): void {
    for (const endpoint of applyChecks(view, Date.now())) void this.#readmit(endpoint);
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    clearInterval(this.#prober);
  }

  async #eject({ key, name, state: from, live }: EjectableEndpoint): Promise<void> {
    const { state, log } = this.#options;
    const { cause, reason, ejectedAt } = live.breaker;
    const by = state.self.id;
    const ejection = { endpointKey: key, endpoint: name, cause, reason, by, at: ejectedAt };
    if (!(await isFirst(state.ejections.eject(ejection)))) return;
    const event = { kind: 'ejected', endpoint: name, from, to: 'ejected', reason, by } as const;
    reportEvent({ events: state.events, log }, event, 'warn');
  }

  async #readmit({ key, name, state: to, live }: EjectableEndpoint): Promise<void> {
    const { state, log } = this.#options;
    const by = state.self.id;
    const { ejectedAt, readmission: reason, readmittedAt: at } = live.breaker;
    const readmission = { endpointKey: key, endpoint: name, ejectedAt, reason, by, at };
    if (!(await isFirst(state.ejections.readmit(readmission)))) return;
    const event = { kind: 'readmitted', endpoint: name, from: 'ejected', to, reason, by } as const;
    reportEvent({ events: state.events, log }, event);
  }

  #followEjection({ endpointKey, by, cause = 'connection', reason, at }: Ejection): void {
    const { live, state } = this.#options;
    // Its own has taken effect here already, and may be over.
    if (by === state.self.id || !this.#keys.has(endpointKey)) return;
    applyEjection(live.endpoint(endpointKey).breaker, { cause, reason, at }, Date.now());
  }

  #followReadmission({ endpointKey, by, ejectedAt, reason, at }: Readmission): void {
    const { live, state } = this.#options;
    if (by === state.self.id || !this.#keys.has(endpointKey)) return;
    applyReadmission(live.endpoint(endpointKey).breaker, { ejectedAt, reason, at }, Date.now());
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

/** A worker whose hub is silent reports what it does itself. */
function isFirst(decision: Promise<boolean>): Promise<boolean> {
  return decision.catch(() => true);
}
