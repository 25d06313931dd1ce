import type { WorkerStatistics } from '@olla/core/statistics';
import { StatisticsPace } from '../pace/statistics-pace.ts';
import type { StatisticsPort, StatisticsReading } from '../ports/statistics.ts';
import { REPLY_GRACE_MS, type HubLink } from './hub-link.ts';

export class MemberStatistics implements StatisticsPort {
  readonly #link: HubLink;
  readonly #pace: StatisticsPace;
  #source: (() => WorkerStatistics) | null = null;

  constructor(link: HubLink) {
    this.#link = link;
    this.#pace = new StatisticsPace(() => this.#report());
  }

  provide(source: () => WorkerStatistics): void {
    this.#source = source;
  }

  noteChange(): void {
    this.#pace.noteChange();
  }

  read(deadlineMs: number): Promise<StatisticsReading> {
    return this.#link.request('statistics.read', { deadlineMs }, deadlineMs + REPLY_GRACE_MS);
  }

  /** Source of this process's own figures; null if it has none. */
  own(): WorkerStatistics | null {
    return this.#source?.() ?? null;
  }

  /** Sends the last report. */
  close(): void {
    this.#pace.close();
    this.#report();
  }

  #report(): boolean {
    const own = this.own();
    return own === null || this.#link.cast('statistics.report', own);
  }
}
