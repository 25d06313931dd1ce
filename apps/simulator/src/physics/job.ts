/** What became of a generation, durations in simulated milliseconds. */
export interface JobStats {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly queueMs: number;
  readonly loadMs: number;
  readonly promptMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
}

/** Work asked of an engine. The callbacks come in the order written, none after `onDone`, `onFail` or a cancel. */
export interface Job {
  readonly model: string;
  readonly promptText: string;
  readonly promptTokens: number;
  /** Text of each token of the answer; empty for work that ends with the prompt, such as an embedding. */
  readonly pieces: readonly string[];
  /** How long the model stays after this request; the engine's own time without it. */
  readonly keepAliveMs?: number;
  /** A slot has taken it; the prompt starts. */
  onSlot?(): void;
  onToken?(index: number): void;
  onDone(stats: JobStats): void;
  onFail(reason: 'queue-full' | 'crashed'): void;
}

export interface Ticket {
  /** The caller no longer wants an answer. Later calls do nothing. */
  cancel(): void;
}
