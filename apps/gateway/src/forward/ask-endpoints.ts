import { atBase } from '@olla/backends/base-path';
import { profileOrDefault } from '@olla/backends/table';
import { dropHeader } from '@olla/core/http/find-header';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { UpstreamListener } from '@olla/upstream/upstream';
import type { Endpoints } from '../fleet/endpoints.ts';
import type { Call } from '../request/call.ts';
import type { ClientAddress } from '../request/client-address.ts';
import { requestHeaders } from './request-headers.ts';

export interface AskInput {
  readonly call: Call;
  readonly client: ClientAddress;
  readonly among: readonly Candidate[];
}

/**
 * Asks servers directly, before a call whose target depends on their state. Only the server itself has its current
 * state, because workers of any host may have changed it.
 */
export interface AskEndpoints {
  /** The names of the endpoints that have all of the files at these paths. Never rejects. */
  findFiles(input: AskInput, paths: readonly string[]): Promise<ReadonlySet<string>>;
  /** The names of the endpoints that report the model in memory. Never rejects. */
  findResidents(input: AskInput): Promise<ReadonlySet<string>>;
}

/** A server that has not answered by then counts as one that has none of it. */
const ANSWER_MS = 2_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly body: string;
}

export function createAskEndpoints(endpoints: Endpoints): AskEndpoints {
  return {
    findFiles: (input, paths) =>
      those(input.among, async (candidate) => {
        for (const path of paths)
          if ((await ask(input, candidate, 'HEAD', path))?.status !== 200) return false;
        return true;
      }),
    findResidents: (input) =>
      those(input.among, async (candidate) => {
        const { signals } = profileOrDefault(candidate.endpoint.type);
        const signal = signals.find(({ reportsResidents }) => reportsResidents === true);
        if (signal === undefined || candidate.model === null) return candidate.resident === true;
        const answer = await ask(input, candidate, 'GET', signal.path);
        if (answer?.status !== 200) return false;
        return signal.parse(answer.body)?.resident?.has(candidate.model) === true;
      }),
  };

  async function those(
    among: readonly Candidate[],
    has: (candidate: Candidate) => Promise<boolean>,
  ): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    await Promise.all(
      among.map(async (candidate) => {
        if (await has(candidate)) found.add(candidate.endpoint.name);
      }),
    );
    return found;
  }

  /** @returns null if it does not answer */
  function ask(
    { call, client }: AskInput,
    { endpoint: { name, type } }: Candidate,
    method: 'GET' | 'HEAD',
    path: string,
  ): Promise<Answer | null> {
    const endpoint = endpoints.get(name);
    return new Promise((resolve) => {
      let status = 0;
      const chunks: Buffer[] = [];
      let bytes = 0;
      const finish = (answer: Answer | null): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        asked.abort();
        finish(null);
      }, ANSWER_MS);
      const listener: UpstreamListener = {
        onHead: (got) => void (status = got),
        onQuiet: () => undefined,
        onData: (chunk) => {
          bytes += chunk.length;
          if (bytes <= MAX_ANSWER_BYTES) chunks.push(Buffer.from(chunk));
          return true;
        },
        onEnd: () => finish({ status, body: Buffer.concat(chunks).toString() }),
        onFailure: () => finish(null),
      };
      const headers = requestHeaders({ call, client, endpoint, type, body: null }, null);
      dropHeader(headers, 'accept-encoding');
      const at = atBase(endpoint.base, profileOrDefault(type), path);
      const request = { method, path: at, headers, body: null, freshConnection: false };
      const asked = endpoint.upstream.dispatch(request, listener);
    });
  }
}
