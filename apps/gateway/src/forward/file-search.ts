import { atBase } from '@olla/backends/base-path';
import { profileOrDefault } from '@olla/backends/table';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { UpstreamListener } from '@olla/upstream/upstream';
import type { Endpoints } from '../fleet/endpoints.ts';
import type { Call } from '../request/call.ts';
import type { ClientAddress } from '../request/client-address.ts';
import { requestHeaders } from './request-headers.ts';

export interface FileSearchInput {
  readonly call: Call;
  readonly client: ClientAddress;
  readonly among: readonly Candidate[];
  /** Of the files on a server; all are looked for at each. */
  readonly paths: readonly string[];
}

/** Finds the endpoints that have all of the files. Never rejects. */
export type FindFiles = (input: FileSearchInput) => Promise<ReadonlySet<string>>;

/** A server that has not answered by then counts as one without the files. */
const ANSWER_MS = 2_000;

/**
 * Asks the servers themselves: who has a file is known for certain nowhere else, whichever worker of whichever host took
 * it, or if it was there before.
 */
export function createFindFiles(endpoints: Endpoints): FindFiles {
  return async ({ call, client, among, paths }) => {
    const holders = new Set<string>();
    await Promise.all(
      among.map(async ({ endpoint: { name, type } }) => {
        for (const path of paths) if (!(await hasFile(name, type, path))) return;
        holders.add(name);
      }),
    );
    return holders;

    function hasFile(name: string, type: string, path: string): Promise<boolean> {
      const endpoint = endpoints.get(name);
      return new Promise((resolve) => {
        const finish = (isThere: boolean): void => {
          clearTimeout(timer);
          resolve(isThere);
        };
        const timer = setTimeout(() => {
          asked.abort();
          finish(false);
        }, ANSWER_MS);
        const listener: UpstreamListener = {
          onHead: (status) => finish(status === 200),
          onQuiet: () => undefined,
          onData: () => true,
          onEnd: () => undefined,
          onFailure: () => finish(false),
        };
        const request = {
          method: 'HEAD',
          path: atBase(endpoint.base, profileOrDefault(type), path),
          headers: requestHeaders({ call, client, endpoint, type }, null),
          body: null,
          freshConnection: false,
        };
        const asked = endpoint.upstream.dispatch(request, listener);
      });
    }
  };
}
