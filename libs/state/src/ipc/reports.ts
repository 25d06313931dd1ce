import type { WorkerStatistics } from '@olla/core/statistics';
import { Coalescer } from '../coalesce.ts';

/** Half of the 5 ms in which other workers of the host see a count; the hub takes the other half. */
const IN_FLIGHT_INTERVAL_MS = 2;
const STATISTICS_INTERVAL_MS = 200;

/** What a member tells its hub of itself: at once after a pause, in intervals when it changes often. */
export class Reports {
  /** As last published. */
  statistics: WorkerStatistics | null = null;
  readonly #cast: (op: string, body: unknown) => boolean;
  readonly #sentCounts = new Map<string, number>();
  readonly #countsOut = new Coalescer(IN_FLIGHT_INTERVAL_MS, () => this.#sendCounts());
  readonly #statisticsOut = new Coalescer(STATISTICS_INTERVAL_MS, () => this.sendStatistics());
  #counts: ReadonlyMap<string, number> = new Map();

  /** @param cast false if it could not be sent */
  constructor(cast: (op: string, body: unknown) => boolean) {
    this.#cast = cast;
  }

  publishInFlight(counts: ReadonlyMap<string, number>): void {
    this.#counts = counts;
    this.#countsOut.ask();
  }

  publishStatistics(statistics: WorkerStatistics): void {
    this.statistics = statistics;
    this.#statisticsOut.ask();
  }

  /** The hub reads again after a time in which it did not. */
  resume(): void {
    this.#countsOut.ask();
    this.#statisticsOut.ask();
  }

  stop(): void {
    this.#countsOut.stop();
    this.#statisticsOut.stop();
  }

  sendStatistics(): void {
    if (this.statistics !== null) this.#cast('statistics', this.statistics);
  }

  /** Only what changed; what could not be sent is part of the next one. */
  #sendCounts(): void {
    const changes: Record<string, number> = {};
    for (const [key, count] of this.#counts) {
      if ((this.#sentCounts.get(key) ?? 0) !== count) changes[key] = count;
    }
    for (const key of this.#sentCounts.keys()) if (!this.#counts.has(key)) changes[key] = 0;
    const changed = Object.entries(changes);
    if (changed.length === 0 || !this.#cast('inFlight', changes)) return;
    for (const [key, count] of changed) {
      if (count === 0) this.#sentCounts.delete(key);
      else this.#sentCounts.set(key, count);
    }
  }
}
