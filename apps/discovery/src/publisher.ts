import type { Catalog, EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import { buildCatalog } from '@olla/core/catalog/build-catalog';
import type { EndpointModels } from '@olla/core/catalog/build-catalog';
import type { SharedState } from '@olla/state/port';
import { StateError } from '@olla/state/port';
import type { AgentLog } from './agent-log.ts';
import type { ChangeKind } from './change-kind.ts';

/** Changes of routing that come together go out together. */
const ROUTING_DELAY_MS = 15;
/** Figures wait this long for company. */
const FIGURES_DELAY_MS = 250;
/** After a publication that took long, the next waits this many times as long: at most a tenth of the time. */
const COST_FACTOR = 10;
const MAX_COST_DELAY_MS = 2_000;
const RETRY_DELAY_MS = 500;

export interface PublisherOptions {
  readonly state: Pick<SharedState, 'publishSnapshot'>;
  readonly log: AgentLog;
  readonly agent: string;
  readonly token: number;
  /** The catalogue that the last leader published; null for none. */
  readonly previous: Catalog | null;
  /** Longest time between two publications. */
  readonly heartbeatMs: number;
  readonly collect: () => {
    readonly endpoints: readonly EndpointSnapshot[];
    readonly models: readonly EndpointModels[];
  };
  /** A newer leader has published: this one is over. */
  readonly onFenced: () => void;
  readonly onPublished: (snapshot: Snapshot) => void;
}

/** Publishes snapshots of one lead, one at a time, as soon as there is something new and not more often. */
export class Publisher {
  readonly #options: PublisherOptions;
  #catalog: Catalog | null;
  #modelsChanged = true;
  #n = 0;
  #timer: NodeJS.Timeout | null = null;
  #dueAt = Number.POSITIVE_INFINITY;
  #notBefore = 0;
  #publishing = false;
  #stopped = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#catalog = options.previous;
  }

  /** Something changed: publish soon. */
  note(kind: ChangeKind): void {
    if (kind === 'models') this.#modelsChanged = true;
    this.#plan(kind === 'figures' ? FIGURES_DELAY_MS : ROUTING_DELAY_MS);
  }

  /** Publish now, changed or not. */
  publishNow(): void {
    this.#plan(0);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer ?? undefined);
  }

  #plan(delayMs: number): void {
    const at = Math.max(Date.now() + delayMs, this.#notBefore);
    if (this.#stopped || at >= this.#dueAt) return;
    this.#dueAt = at;
    // While one is under way its end looks at what is due.
    if (!this.#publishing) this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => void this.#publish(), Math.max(this.#dueAt, this.#notBefore) - Date.now());
  }

  async #publish(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#publishing = true;
    try {
      const startedAt = performance.now();
      const snapshot = this.#make();
      const result = await this.#options.state.publishSnapshot(snapshot);
      const pauseMs = Math.min((performance.now() - startedAt) * COST_FACTOR, MAX_COST_DELAY_MS);
      this.#notBefore = Date.now() + pauseMs;
      if (result === 'fenced') {
        this.stop();
        this.#options.onFenced();
        return;
      }
      this.#options.onPublished(snapshot);
    } catch (error) {
      if (!(error instanceof StateError)) {
        this.#options.log.error('a snapshot could not be published', { error: String(error) });
      }
      this.#notBefore = Date.now() + RETRY_DELAY_MS;
      this.#dueAt = this.#notBefore;
    } finally {
      this.#publishing = false;
    }
    if (this.#stopped) return;
    this.#dueAt = Math.min(this.#dueAt, Date.now() + this.#options.heartbeatMs);
    this.#arm();
  }

  #make(): Snapshot {
    const { agent, token, collect } = this.#options;
    const { endpoints, models } = collect();
    const now = Date.now();
    if (this.#modelsChanged || this.#catalog === null) {
      this.#catalog = buildCatalog(models, this.#catalog, now);
      this.#modelsChanged = false;
    }
    this.#n += 1;
    return { version: { token, n: this.#n }, publishedAt: now, agent, endpoints, catalog: this.#catalog };
  }
}
