import { embed } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import { drawEmbedding, embeddingInputs, toBase64 } from '../../text/embedding.ts';
import type { ApiVariant } from './api-variant.ts';
import { findModel } from './find-model.ts';
import { OVERLOADED } from './generation.ts';
import { readJson } from './read-json.ts';
import { sendError, sendJson } from './send.ts';

export async function serveEmbeddings(
  exchange: Exchange,
  state: ServerState,
  variant: ApiVariant,
): Promise<void> {
  const body = await readJson(exchange, variant);
  if (body === undefined) return;
  const name = typeof body['model'] === 'string' ? body['model'] : '';
  const model = findModel(state, name);
  if (model === undefined) return sendError(exchange, variant, variant.unknownModel(name));
  if (model.kind !== 'embeddings') {
    return sendError(exchange, variant, {
      status: 400,
      message: `The model \`${name}\` does not support embeddings.`,
      type: 'invalid_request_error',
      param: 'model',
    });
  }
  const texts = embeddingInputs(body['input']);
  embed(state, exchange, {
    model,
    texts,
    onDone(stats) {
      const data = texts.map((text, index) => {
        const vector = drawEmbedding(text, model.dimensions);
        return {
          object: 'embedding',
          index,
          embedding: body['encoding_format'] === 'base64' ? toBase64(vector) : vector,
        };
      });
      sendJson(exchange, variant, 200, {
        object: 'list',
        data,
        model: model.name,
        usage: { prompt_tokens: stats.promptTokens, total_tokens: stats.promptTokens },
      });
    },
    onQueueFull: () => sendError(exchange, variant, OVERLOADED),
  });
}
