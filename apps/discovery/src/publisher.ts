import { buildCatalog, type EndpointModels } from '@olla/core/catalog/build-catalog';
import type { Catalog, EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import type { SnapshotPort } from '@olla/state/ports/snapshots';
import { StateError } from '@olla/state/state-error';
import type { AgentLog } from './agent-log.ts';
import type { ChangeKind } from './change-kind.ts';

/** Delay before models or states are published, so that changes that come together go out together. */
const ROUTING_DELAY_MS = 15;
/** Delay before figures alone are published. */
const FIGURES_DELAY_MS = 250;
/**
 * A long publication delays the next one by this multiple of its duration, so that publishing takes a tenth of the
 * time.
 */
const COST_FACTOR = 10;
const MAX_COST_DELAY_MS = 2_000;
const RETRY_DELAY_MS = 500;

export interface PublisherOptions {
  readonly snapshots: Pick<SnapshotPort, 'publish'>;
  readonly log: AgentLog;
  /** Instance id of the agent. */
  readonly agent: string;
  /** Fencing token of the lead. */
  readonly token: number;
  /** The catalog that the last leader published; null for none. */
  readonly previous: Catalog | null;
  /** Longest time between two publications. */
  readonly heartbeatMs: number;
  readonly collect: () => {
    readonly endpoints: readonly EndpointSnapshot[];
    readonly models: readonly EndpointModels[];
  };
  /** Called when a newer leader has published. The publisher has stopped by then. */
  readonly onFenced: () => void;
  readonly onPublished: (snapshot: Snapshot) => void;
}

/** Publishes the snapshots of one lead, one at a time: soon after a change, and at least with each heartbeat. */
export class Publisher {
  readonly #options: PublisherOptions;
  #catalog: Catalog | null;
  #haveModelsChanged = true;
  #count = 0;
  #timer: NodeJS.Timeout | null = null;
  #dueAt = Number.POSITIVE_INFINITY;
  #notBefore = 0;
  #isPublishing = false;
  #isStopped = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#catalog = options.previous;
  }

  /** Publishes a change soon. */
  publishSoon(kind: ChangeKind): void {
    if (kind === 'models') this.#haveModelsChanged = true;
    this.#schedule(kind === 'figures' ? FIGURES_DELAY_MS : ROUTING_DELAY_MS);
  }

  /** Publishes now, even without a change. */
  publishNow(): void {
    this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer ?? undefined);
  }

  #schedule(delayMs: number): void {
    const at = Math.max(Date.now() + delayMs, this.#notBefore);
    if (this.#isStopped || at >= this.#dueAt) return;
    this.#dueAt = at;
    // The end of the running publication starts the timer for the changes since.
    if (!this.#isPublishing) this.#startTimer();
  }

  #startTimer(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => void this.#publish(), Math.max(this.#dueAt, this.#notBefore) - Date.now());
  }

  async #publish(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#isPublishing = true;
    try {
      const startedAt = performance.now();
      const snapshot = this.#buildSnapshot();
      const result = await this.#options.snapshots.publish(snapshot);
      const pauseMs = Math.min((performance.now() - startedAt) * COST_FACTOR, MAX_COST_DELAY_MS);
      this.#notBefore = Date.now() + pauseMs;
      if (result === 'fenced') {
        this.stop();
        this.#options.onFenced();
        return;
      }
      this.#options.onPublished(snapshot);
    } catch (error) {
      // The shared state logs an outage itself.
      if (!(error instanceof StateError)) {
        this.#options.log.error('a snapshot could not be published', { error: String(error) });
      }
      this.#notBefore = Date.now() + RETRY_DELAY_MS;
      this.#dueAt = this.#notBefore;
    } finally {
      this.#isPublishing = false;
    }
    if (this.#isStopped) return;
    this.#dueAt = Math.min(this.#dueAt, Date.now() + this.#options.heartbeatMs);
    this.#startTimer();
  }

  #buildSnapshot(): Snapshot {
    const { agent, token, collect } = this.#options;
    const { endpoints, models } = collect();
    const now = Date.now();
    if (this.#haveModelsChanged || this.#catalog === null) {
      this.#catalog = buildCatalog(models, this.#catalog, now);
      this.#haveModelsChanged = false;
    }
    this.#count += 1;
    return { version: { token, n: this.#count }, publishedAt: now, agent, endpoints, catalog: this.#catalog };
  }
}
