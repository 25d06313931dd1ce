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

/** How long a granted probe belongs to one worker, before another may try. */
const PROBE_TTL_MS = 10_000;
/** Interval at which ejected endpoints are checked for a due probe. */
const PROBE_CHECK_MS = 1_000;

/** The result of an attempt at an endpoint that could be reached. */
export interface EndpointResponse {
  /** Of its response; without one, the status of the gateway's own error. */
  readonly status: number;
  /** When the attempt began; epoch milliseconds. */
  readonly startedAt: number;
  /** Null if it does not say. */
  readonly retryAfterMs: number | null;
}

export type EjectableEndpoint = Pick<EndpointView, 'key' | 'name' | 'state' | 'live'>;

/**
 * Keeps traffic away from endpoints that fail in traffic. The breaker of each endpoint counts every attempt. Its
 * decisions take effect in this worker at once and are published to the cluster. The cluster replies whether this
 * worker was the first, which then reports the event. One request of the cluster at a time tries an ejected endpoint
 * again.
 */
export class Ejections {
  readonly #options: EjectionsOptions;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #prober: NodeJS.Timeout;
  /** Only configured endpoints: other hosts may have more. */
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

  /** A request goes to the endpoint and is its probe, if one was granted. */
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

  /** A new snapshot has the results of the agent's checks, which may re-admit endpoints. */
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
    // The worker's own decision is in effect here already, and may have ended.
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
      // One request for each period, with any result.
      breaker.probeUntil = now + PROBE_TTL_MS;
      const grant = (): void => grantProbe(breaker, Date.now() + PROBE_TTL_MS);
      state.ejections.acquireProbe(key, PROBE_TTL_MS).then(
        (isGranted) => {
          if (isGranted) grant();
        },
        // The shared state is unreachable, so this worker decides alone and makes the probe.
        grant,
      );
    }
  }
}

/** Without a reply of the shared state, the worker reports the event itself. */
function isFirst(decision: Promise<boolean>): Promise<boolean> {
  return decision.catch(() => true);
}
