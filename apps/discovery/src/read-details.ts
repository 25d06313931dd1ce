import type { ModelDetailReader } from '@olla/backends/profile';
import { parseJson } from '@olla/backends/reading/json';
import type { EndpointModel } from '@olla/core/snapshot';
import type { EndpointClient } from './endpoint-client.ts';
import { Semaphore } from './semaphore.ts';

const MAX_CONCURRENT = 2;
/** Models read in one pass. The others are read after the next list. */
const MAX_PER_PASS = 100;
/** Ollama's `/api/show` includes the tokenizer and all tensors. */
const MAX_DETAIL_BYTES = 32 * 1024 * 1024;

/** The result of one pass. */
export interface DetailPass {
  /** Each model that was read, with what its details add. */
  readonly read: ReadonlyMap<EndpointModel, EndpointModel>;
  /** The server did not respond, which ended the pass. */
  readonly interrupted: boolean;
}

/** Reads the details that a list of models lacks, two models at a time. Never rejects. */
export async function readDetails(
  client: EndpointClient,
  reader: ModelDetailReader,
  models: readonly EndpointModel[],
  timeoutMs: number,
): Promise<DetailPass> {
  const semaphore = new Semaphore(MAX_CONCURRENT);
  const read = new Map<EndpointModel, EndpointModel>();
  let interrupted = false;
  await Promise.all(
    models.slice(0, MAX_PER_PASS).map((model) =>
      semaphore.run(async () => {
        if (interrupted) return;
        const body = reader.requestBody(model.name);
        const result = await client.probe(null, reader.path, { timeoutMs, maxBytes: MAX_DETAIL_BYTES, body });
        if (result.kind !== 'response') {
          interrupted = true;
          return;
        }
        // A server without this path has no details: the model counts as read.
        const details = result.response.status === 200 ? parseJson(result.response.body) : undefined;
        read.set(model, details === undefined ? model : reader.merge(model, details));
      }),
    ),
  );
  return { read, interrupted };
}
