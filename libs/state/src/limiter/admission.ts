/** One rate limit as it applies to a request. */
export interface LimitSpec {
  readonly name: 'global' | 'per_ip' | 'health';
  /** Names the bucket in the whole cluster: `global`, `ip:203.0.113.7`, `health:203.0.113.7`. */
  readonly key: string;
  readonly ratePerMinute: number;
  readonly capacity: number;
}

/** Whether a request may go on, and what its client is told of the limits. */
export interface Admission {
  readonly admitted: boolean;
  readonly refusedBy: LimitSpec | null;
  /** Rate a minute of the limit that the client is shown: the refusing one, else per_ip, else the first. */
  readonly limit: number;
  /** Tokens left of it as of the last lease. */
  readonly remaining: number;
  /** Until its bucket is full. */
  readonly resetMs: number;
  /** Until a token is due; 0 if admitted. */
  readonly retryAfterMs: number;
  /** Whether the request waited for the shared state. */
  readonly waited: boolean;
}
