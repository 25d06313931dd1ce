import type { ModelDetailReader } from '@olla/backends/profile';
import { parseJson } from '@olla/backends/reading/json';
import type { EndpointModel } from '@olla/core/snapshot';
import type { EndpointLink } from './endpoint-link.ts';
import { Gate } from './gate.ts';

const AT_ONCE = 2;
/** Models read in one pass; the others have their turn with the next list. */
const MOST_PER_PASS = 100;
/** Ollama adds the tokenizer and all tensors. */
const MAX_DETAIL_BYTES = 32 * 1024 * 1024;

/** What one pass has read; `silent` if the server stopped answering, which ended the pass. */
export interface DetailPass {
  readonly read: ReadonlyMap<EndpointModel, EndpointModel>;
  readonly silent: boolean;
}

/** Reads what the list leaves open, a few models at a time. Never rejects. */
export async function readDetails(
  link: EndpointLink,
  reader: ModelDetailReader,
  models: readonly EndpointModel[],
  timeoutMs: number,
): Promise<DetailPass> {
  const gate = new Gate(AT_ONCE);
  const read = new Map<EndpointModel, EndpointModel>();
  let silent = false;
  await Promise.all(
    models.slice(0, MOST_PER_PASS).map((model) =>
      gate.run(async () => {
        if (silent) return;
        const body = reader.requestBody(model.name);
        const result = await link.get(null, reader.path, { timeoutMs, maxBytes: MAX_DETAIL_BYTES, body });
        if (result.kind !== 'answer') {
          silent = true;
          return;
        }
        // A server without this path has no more to tell: the model counts as read.
        const told = result.answer.status === 200 ? parseJson(result.answer.body) : undefined;
        read.set(model, told === undefined ? model : reader.merge(model, told));
      }),
    ),
  );
  return { read, silent };
}
