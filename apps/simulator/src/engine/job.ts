/** Token counts and durations of one finished job. Durations are simulated milliseconds. */
export interface JobStats {
  readonly promptTokens: number;
  /** Prompt tokens found in the prefix cache. */
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly queueMs: number;
  readonly loadMs: number;
  readonly promptMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
}

export type JobFailure = 'queue-full' | 'crashed';

/** Callbacks of a job. They come in this order; none comes after `onDone`, `onFail` or a cancel. */
export interface JobCallbacks {
  /** A slot has taken the job, and its prompt is next. */
  onSlot?(): void;
  onToken?(index: number): void;
  onDone(stats: JobStats): void;
  onFail(reason: JobFailure): void;
}

/** A generation or an embedding that an engine is to run. */
export interface Job extends JobCallbacks {
  readonly model: string;
  readonly promptText: string;
  readonly promptTokens: number;
  /** The text of each output token. Empty for work that ends with the prompt, such as an embedding. */
  readonly pieces: readonly string[];
  /** How long the model stays in memory after this job. The engine's own time when absent. */
  readonly keepAliveMs?: number;
}

export interface JobHandle {
  /** Stops the job. Later calls have no effect. */
  cancel(): void;
}
