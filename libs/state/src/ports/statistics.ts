import type { WorkerStatistics } from '@olla/core/statistics';

/** The counters of all workers. */
export interface StatisticsPort {
  /**
   * Sets the source of this process's own figures: absolute counters since its start. The adapter reads it when it
   * publishes, when a process reads the statistics, and when the state is closed. A dead worker's last report stays
   * part of the sum.
   */
  provide(source: () => WorkerStatistics): void;
  /**
   * Notes that the figures have changed. It is cheap enough for every request: the adapter publishes them at its own
   * pace, so that a killed worker loses at most the counts of the last 250 ms.
   */
  noteChange(): void;
  /**
   * Reads the statistics of all workers. This host's workers are queried, so that every finished request is counted;
   * other hosts' figures are at most a second old. It returns in time without figures that are late: `missing` names
   * their instances.
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
  /** False for a dead worker, whose last report stays part of the sum. */
  readonly alive: boolean;
  /** Age of these figures in milliseconds; 0 if they were queried just now. */
  readonly ageMs: number;
  readonly statistics: WorkerStatistics;
}
