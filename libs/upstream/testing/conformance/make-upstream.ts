import type { Upstream } from '../../src/upstream.ts';

export interface ConformanceOptions {
  readonly origin: string;
  /** 0 for no limit, as the others. */
  readonly connectTimeoutMs: number;
  readonly headTimeoutMs: number;
  readonly readTimeoutMs: number;
}

/** Makes the implementation under test. */
export type MakeUpstream = (options: ConformanceOptions) => Upstream;
