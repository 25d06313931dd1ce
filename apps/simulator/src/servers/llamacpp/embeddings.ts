import { embed } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import { drawEmbedding, embeddingInputs, toBase64 } from '../../text/embedding.ts';
import type { LlamaServer } from './llama-server.ts';
import { readBody } from './read-body.ts';
import { sendError, sendJson } from './send.ts';

/** Serves `/v1/embeddings` and `/embedding`, which work only for an embedding model. */
export async function serveEmbeddings(
  exchange: Exchange,
  server: LlamaServer,
  api: 'openai' | 'native',
): Promise<void> {
  const { state, model } = server;
  if (model.kind !== 'embeddings') {
    await exchange.body();
    return sendError(exchange, {
      code: 501,
      message: 'This server does not support embeddings. Start it with `--embeddings`',
      type: 'not_supported_error',
    });
  }
  const body = await readBody(exchange);
  if (body === undefined) return;
  const texts = embeddingInputs(body['input'] ?? body['content']);
  embed(state, exchange, {
    model,
    texts,
    onDone(stats) {
      const vectors = texts.map((text) => drawEmbedding(text, model.dimensions));
      if (api === 'native') {
        const list = vectors.map((vector, index) => ({ index, embedding: [vector] }));
        return sendJson(exchange, list);
      }
      const base64 = body['encoding_format'] === 'base64';
      sendJson(exchange, {
        model: model.name,
        object: 'list',
        usage: { prompt_tokens: stats.promptTokens, total_tokens: stats.promptTokens },
        data: vectors.map((vector, index) => ({
          embedding: base64 ? toBase64(vector) : vector,
          index,
          object: 'embedding',
          ...(base64 ? { encoding_format: 'base64' } : {}),
        })),
      });
    },
    onQueueFull: () => exchange.abort(),
  });
}
