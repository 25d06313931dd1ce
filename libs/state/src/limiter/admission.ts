/** One rate limit as it applies to a request. */
export interface LimitSpec {
  readonly name: 'global' | 'per_ip' | 'health';
  /** Names the bucket in the whole cluster: `global`, `ip:203.0.113.7`, `health:203.0.113.7`. */
  readonly key: string;
  readonly ratePerMinute: number;
  readonly capacity: number;
}

/** Whether a request is admitted, and the figures of its limits for the response's headers. */
export interface Admission {
  readonly admitted: boolean;
  readonly refusedBy: LimitSpec | null;
  /** Rate a minute of the limit that the headers show: the one that refused, else per_ip, else the first. */
  readonly limit: number;
  /** Tokens left of that limit as of the last lease. */
  readonly remaining: number;
  /** Time until its bucket is full. */
  readonly resetMs: number;
  /** Time until a token is due; 0 if admitted. */
  readonly retryAfterMs: number;
  /** Whether the request waited for the shared state. */
  readonly waited: boolean;
}
