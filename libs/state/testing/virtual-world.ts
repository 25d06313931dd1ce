import { Limiter } from '../src/limiter.ts';
import type { LimiterState } from '../src/limiter/limiter-state.ts';
import { localShare } from '../src/local-share.ts';
import { Buckets } from '../src/memory/buckets.ts';
import type { LeaseGrant, LeaseRequest } from '../src/ports/leases.ts';
import { StateError } from '../src/state-error.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Workers with their limiters, one store, and messages with a latency. */
export class VirtualWorld {
  readonly clock = new VirtualClock();
  readonly buckets = new Buckets(() => this.clock.nowMs());
  latencyMs: number;
  /** Number of messages that requested tokens, and of all messages. */
  requests = 0;
  messages = 0;
  isStoreDown = false;
  /** With Redis: the host's share, and whether its primary is down. */
  readonly hostBuckets = new Buckets(() => this.clock.nowMs());
  isHostDown = false;
  readonly #recalls = new Map<string, (key: string) => void>();
  readonly #dead = new Set<string>();
  readonly #kind: LimiterState['kind'];
  #workers = 0;

  /** @param latencyMs one-way latency of a message */
  constructor(latencyMs: number, kind: LimiterState['kind'] = 'memory') {
    this.latencyMs = latencyMs;
    this.#kind = kind;
  }

  addWorker(onStateLoss: 'local' | 'open' | 'closed' = 'local'): {
    readonly id: string;
    readonly limiter: Limiter;
  } {
    this.#workers += 1;
    const id = `w${this.#workers}`;
    return { id, limiter: new Limiter({ state: this.#stateOf(id), onStateLoss, clock: this.clock }) };
  }

  /** Ends a worker without notice: its leases are not returned, and it sends no more messages. */
  crash(id: string): void {
    this.#dead.add(id);
  }

  #stateOf(id: string): LimiterState {
    return {
      kind: this.#kind,
      leases: {
        take: (requests, deadlineMs) => this.#take(id, requests, deadlineMs),
        takeLocal: (requests, deadlineMs) => this.#takeLocal(id, requests, deadlineMs),
        returnLeases: (returns) => {
          if (this.#dead.has(id)) return;
          this.messages += 1;
          this.clock.after(this.latencyMs, () => this.buckets.giveBack(id, returns));
        },
        onRecall: (listener) => {
          this.#recalls.set(id, listener);
          return () => this.#recalls.delete(id);
        },
      },
      directory: { peers: () => ({ gateways: 1, workers: this.#workers }) },
    };
  }

  #take(id: string, requests: readonly LeaseRequest[], deadlineMs: number): Promise<readonly LeaseGrant[]> {
    this.requests += 1;
    this.messages += 1;
    return new Promise((resolve, reject) => {
      // A later reply is ignored, and its tokens are lost.
      this.clock.after(deadlineMs, () => reject(new StateError('STATE_TIMEOUT', 'no reply')));
      if (this.isStoreDown || this.#dead.has(id)) return;
      this.clock.after(this.latencyMs, () => {
        const grants = this.buckets.take({
          holder: id,
          requests,
          liveWorkers: this.#workers,
          onStranded: (key) => this.#recall(key, id),
        });
        this.clock.after(this.latencyMs, () => resolve(grants));
      });
    });
  }

  /** The host's share of a limit; the cluster has two gateways. */
  #takeLocal(
    id: string,
    requests: readonly LeaseRequest[],
    deadlineMs: number,
  ): Promise<readonly LeaseGrant[]> {
    return new Promise((resolve, reject) => {
      this.clock.after(deadlineMs, () => reject(new StateError('STATE_TIMEOUT', 'no reply')));
      if (this.isHostDown) return;
      const shares = requests.map((request) => localShare(request, 2));
      this.clock.after(2 * this.latencyMs, () =>
        resolve(this.hostBuckets.take({ holder: id, requests: shares, liveWorkers: 1 })),
      );
    });
  }

  #recall(key: string, exceptId: string): void {
    for (const [id, listener] of this.#recalls) {
      if (id === exceptId || this.#dead.has(id)) continue;
      this.clock.after(this.latencyMs, () => listener(key));
    }
  }
}
