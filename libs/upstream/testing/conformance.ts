import { abortContract } from './conformance/aborts.ts';
import { connectionContract } from './conformance/connections.ts';
import { failureContract } from './conformance/failures.ts';
import { requestContract } from './conformance/requests.ts';
import { responseContract } from './conformance/responses.ts';
import { describe } from 'node:test';
import type { Upstream } from '../src/upstream.ts';

export interface ConformanceOptions {
  readonly origin: string;
  /** 0 for no limit, as the others. */
  readonly connectTimeoutMs: number;
  readonly headTimeoutMs: number;
  readonly readTimeoutMs: number;
}

/** Makes the implementation under test. */
export type MakeUpstream = (options: ConformanceOptions) => Upstream;

/** What `Upstream` promises, as tests that every implementation passes. */
export function upstreamConformance(name: string, make: MakeUpstream): void {
  describe(name, () => {
    requestContract(make);
    responseContract(make);
    connectionContract(make);
    // Side by side: those that wait for a limit of time wait together.
    describe('failures', { concurrency: true }, () => failureContract(make));
    abortContract(make);
  });
}
