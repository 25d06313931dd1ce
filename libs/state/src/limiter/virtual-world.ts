import type { Clock } from '../clock.ts';
import { Limiter } from '../limiter.ts';
import type { LimiterState } from '../limiter.ts';
import { localShare } from '../local-share.ts';
import { Buckets } from '../memory/buckets.ts';
import { StateError } from '../port.ts';
import type { LeaseAsk, LeaseGrant } from '../port.ts';

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly work: () => void;
}

/** Time that only tests move. */
export class VirtualClock implements Clock {
  #nowMs = 1_000_000;
  #order = 0;
  #tasks: Task[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    const task = { atMs: this.#nowMs + delayMs, order: (this.#order += 1), work };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }

  /** Runs all that is due within `ms`, each at its time, promises included. */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settlePromises();
    for (;;) {
      const due = this.#tasks
        .filter((task) => task.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#tasks = this.#tasks.filter((task) => task !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.work();
      await settlePromises();
    }
    this.#nowMs = endMs;
  }
}

function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Workers with their limiters, one store, and messages that take time. */
export class VirtualWorld {
  readonly clock = new VirtualClock();
  readonly buckets = new Buckets(() => this.clock.nowMs());
  latencyMs: number;
  /** Messages that carried asks, and messages in all. */
  asks = 0;
  messages = 0;
  isStoreAway = false;
  /** With Redis: the host's share, and whether its primary hangs. */
  readonly hostBuckets = new Buckets(() => this.clock.nowMs());
  isHostAway = false;
  readonly #recalls = new Map<string, (key: string) => void>();
  readonly #dead = new Set<string>();
  readonly #kind: LimiterState['kind'];
  #workers = 0;

  /** @param latencyMs of a message one way */
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

  /** Its leases stay out, and no message comes from it any more. */
  crash(id: string): void {
    this.#dead.add(id);
  }

  #stateOf(id: string): LimiterState {
    return {
      kind: this.#kind,
      takeLeases: (asks, deadlineMs) => this.#take(id, asks, deadlineMs),
      takeLocalLeases: (asks, deadlineMs) => this.#takeLocal(id, asks, deadlineMs),
      settleLeases: (returns) => {
        if (this.#dead.has(id)) return;
        this.messages += 1;
        this.clock.after(this.latencyMs, () => this.buckets.settle(id, returns));
      },
      onRecall: (listener) => {
        this.#recalls.set(id, listener);
        return () => this.#recalls.delete(id);
      },
      peers: () => ({ gateways: 1, workers: this.#workers }),
    };
  }

  #take(id: string, asks: readonly LeaseAsk[], deadlineMs: number): Promise<readonly LeaseGrant[]> {
    this.asks += 1;
    this.messages += 1;
    return new Promise((resolve, reject) => {
      // An answer that comes later than this is heard by nobody, and what it grants is gone.
      this.clock.after(deadlineMs, () => reject(new StateError('STATE_TIMEOUT', 'no answer')));
      if (this.isStoreAway || this.#dead.has(id)) return;
      this.clock.after(this.latencyMs, () => {
        const grants = this.buckets.take(id, asks, this.#workers, (key) => this.#recall(key, id));
        this.clock.after(this.latencyMs, () => resolve(grants));
      });
    });
  }

  /** The share of one of two gateways. */
  #takeLocal(id: string, asks: readonly LeaseAsk[], deadlineMs: number): Promise<readonly LeaseGrant[]> {
    return new Promise((resolve, reject) => {
      if (this.isHostAway) {
        this.clock.after(deadlineMs, () => reject(new StateError('STATE_TIMEOUT', 'no answer')));
        return;
      }
      const shares = asks.map((ask) => localShare(ask, 2));
      this.clock.after(2 * this.latencyMs, () => resolve(this.hostBuckets.take(id, shares, 1)));
    });
  }

  #recall(key: string, exceptId: string): void {
    for (const [id, listener] of this.#recalls) {
      if (id === exceptId || this.#dead.has(id)) continue;
      this.clock.after(this.latencyMs, () => listener(key));
    }
  }
}
