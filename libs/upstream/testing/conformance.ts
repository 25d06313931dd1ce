import { describe } from 'node:test';
import { abortContract } from './conformance/aborts.ts';
import { connectionContract } from './conformance/connections.ts';
import { failureContract } from './conformance/failures.ts';
import type { MakeUpstream } from './conformance/make-upstream.ts';
import { requestContract } from './conformance/requests.ts';
import { responseContract } from './conformance/responses.ts';

/** What `Upstream` promises, as tests that every implementation passes. */
export function upstreamConformance(name: string, make: MakeUpstream): void {
  describe(name, () => {
    requestContract(make);
    responseContract(make);
    connectionContract(make);
    // These tests run side by side because several of them wait for a time limit.
    describe('failures', { concurrency: true }, () => failureContract(make));
    abortContract(make);
  });
}
