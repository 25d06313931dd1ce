import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { RouteScope } from '@olla/core/route-plan/fleet-view';
import type { Refresh } from '@olla/core/route-plan/routing-facts';
import type { Instance } from '@olla/core/instance';
import type { EndpointSnapshot } from '@olla/core/snapshot';
import type { ControlPort } from '@olla/state/ports/control';
import type { SnapshotPort } from '@olla/state/ports/snapshots';
import type { Logger } from '@olla/telemetry/logger';
import type { Call } from '../request/call.ts';

/** The fleet is refreshed once in this time, for any number of requests. */
const PAUSE_MS = 1_000;
/** Delay after changes that this gateway relayed; changes that end within it share one refresh. */
const CHANGE_PAUSE_MS = 200;

export interface FleetRefreshOptions {
  readonly state: {
    readonly self: Pick<Instance, 'id'>;
    readonly control: Pick<ControlPort, 'change' | 'onControl'>;
    readonly snapshots: Pick<SnapshotPort, 'onSnapshot'>;
  };
  readonly endpoints: () => readonly EndpointView[];
  /** `refresh` of the current control record. */
  readonly refreshCount: number;
  readonly log: Pick<Logger, 'warn'>;
  /** Maximum wait of a request for new lists. */
  readonly timeoutMs: number;
  /** Models are listed at all. */
  readonly listing: boolean;
}

/** One refresh of all endpoints, from its start. */
interface Round {
  readonly startedAt: number;
  /** State of each endpoint at the start, by name: newer results belong to this refresh. */
  readonly before: ReadonlyMap<string, EndpointSnapshot | null>;
  /** It could not be requested. */
  failed: boolean;
}

/**
 * Has the agent check all endpoints and list their models again: for requests that name a model which no endpoint has,
 * and after calls that change models. Refreshes of other workers and operators are joined.
 */
export class FleetRefresh {
  readonly #options: FleetRefreshOptions;
  readonly #unsubscribe: (() => void)[];
  readonly #waiting = new Set<() => void>();
  #round: Round | null = null;
  #refreshCount: number;
  #changeTimer: NodeJS.Timeout | null = null;

  constructor(options: FleetRefreshOptions) {
    this.#options = options;
    this.#refreshCount = options.refreshCount;
    this.#unsubscribe = [
      options.state.control.onControl(({ refresh }) => {
        if (refresh > this.#refreshCount) this.#begin();
        this.#refreshCount = refresh;
      }),
      options.state.snapshots.onSnapshot(() => this.#look()),
    ];
  }

  /**
   * Resolves with `done` when the endpoints of the route were refreshed, and with `failed` after `timeoutMs` or when
   * the request is aborted. Never rejects.
   */
  refreshed(call: Pick<Call, 'onAbort'>, scope: RouteScope): Promise<Refresh> {
    const { listing, timeoutMs } = this.#options;
    if (!listing) return Promise.resolve('failed');
    const round = this.#recentRound() ?? this.#ask();
    const endOf = (): Refresh => (round.failed ? 'failed' : 'done');
    if (this.#isOver(round, scope)) return Promise.resolve(endOf());
    return new Promise((resolve) => {
      const finish = (ended: Refresh): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(ended);
      };
      const look = (): void => {
        if (this.#isOver(round, scope)) finish(endOf());
      };
      const timer = setTimeout(() => finish('failed'), timeoutMs);
      this.#waiting.add(look);
      call.onAbort(() => finish('failed'));
    });
  }

  /** A call through this gateway has changed the models of an endpoint. */
  changed(): void {
    if (this.#changeTimer !== null) return;
    const round = this.#round;
    // A running refresh may have passed the changed endpoint already.
    const pauseMs = round === null ? 0 : Math.max(0, round.startedAt + CHANGE_PAUSE_MS - performance.now());
    this.#changeTimer = setTimeout(() => {
      this.#changeTimer = null;
      this.#ask();
    }, pauseMs).unref();
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    if (this.#changeTimer !== null) clearTimeout(this.#changeTimer);
  }

  #recentRound(): Round | null {
    const round = this.#round;
    return round !== null && performance.now() - round.startedAt < PAUSE_MS ? round : null;
  }

  #ask(): Round {
    const round = this.#begin();
    const { state, log } = this.#options;
    state.control.change({ action: 'refresh', by: state.self.id }).then(
      ({ refresh }) => (this.#refreshCount = Math.max(this.#refreshCount, refresh)),
      (error: unknown) => {
        round.failed = true;
        log.warn(`the agent could not be asked to list the models again: ${String(error)}`);
        this.#look();
      },
    );
    return round;
  }

  #begin(): Round {
    const endpoints = this.#options.endpoints();
    this.#round = {
      startedAt: performance.now(),
      before: new Map(endpoints.map(({ name, probed }) => [name, probed])),
      failed: false,
    };
    return this.#round;
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }

  /** Every endpoint of the route was listed since, or only checked if it does not serve. */
  #isOver({ before, failed }: Round, { types }: RouteScope): boolean {
    if (failed) return true;
    return this.#options.endpoints().every(({ name, type, status, probed }) => {
      if (types !== null && !types.has(type)) return true;
      const then = before.get(name);
      if (then === undefined || then === null) return true;
      return status.serves
        ? (probed?.modelsAt ?? 0) > (then.modelsAt ?? 0)
        : (probed?.checkedAt ?? 0) > (then.checkedAt ?? 0);
    });
  }
}
