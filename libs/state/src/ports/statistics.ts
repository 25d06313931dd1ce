import type { WorkerStatistics } from '@olla/core/statistics';

/** What all workers have counted. */
export interface StatisticsPort {
  /**
   * Names the source of this process's own figures: absolute counters since its start. The adapter reads it when it
   * publishes, when somebody reads them, and once more when the state is closed. A dead worker's last report stays part of
   * the sum.
   */
  provide(source: () => WorkerStatistics): void;
  /**
   * Says that the figures have changed. Cheap enough for every request: the adapter publishes them at its own pace, so
   * that a killed worker loses at most the counts of the last 250 ms.
   */
  noteChange(): void;
  /**
   * Everybody's statistics: this host's workers are read now, so that a request that has ended is in it; other hosts'
   * are at most a second old. Partial rather than late: `missing` says whose figures did not come in time.
   */
  read(deadlineMs: number): Promise<StatisticsReading>;
}

export interface StatisticsReading {
  readonly workers: readonly StatisticsShare[];
  /** Instances that should have replied and did not. */
  readonly missing: readonly string[];
}

/** One worker's part of a reading. */
export interface StatisticsShare {
  readonly instance: string;
  readonly gateway: string;
  readonly host: string;
  /** False for a dead worker, whose last report is still part of the sum. */
  readonly alive: boolean;
  /** Age of these figures in milliseconds; 0 for those that were read just now. */
  readonly ageMs: number;
  readonly statistics: WorkerStatistics;
}
