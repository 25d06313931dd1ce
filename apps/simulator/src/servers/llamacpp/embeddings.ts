import { embed } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import { drawEmbedding, embeddingInputs, toBase64 } from '../../text/embedding.ts';
import { readBody } from './generation.ts';
import { sendError, sendJson } from './wire.ts';
import type { LlamaServer } from './work.ts';

/** `/v1/embeddings` and `/embedding`; only of a server whose model is one for embeddings. */
export async function serveEmbeddings(
  exchange: Exchange,
  server: LlamaServer,
  api: 'openai' | 'native',
): Promise<void> {
  const raw = await exchange.body();
  const { state, model } = server;
  if (model.kind !== 'embeddings') {
    return sendError(exchange, {
      code: 501,
      message: 'This server does not support embeddings. Start it with `--embeddings`',
      type: 'not_supported_error',
    });
  }
  const read = readBody(raw);
  if ('error' in read) return sendError(exchange, read.error);
  const { body } = read;
  const texts = embeddingInputs(body['input'] ?? body['content']);
  embed(
    state,
    exchange,
    { model, texts },
    {
      onDone(stats) {
        const vectors = texts.map((text) => drawEmbedding(text, model.dimensions));
        if (api === 'native')
          return sendJson(
            exchange,
            vectors.map((vector, index) => ({ index, embedding: [vector] })),
          );
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
      onFail: () => exchange.breakOff(),
    },
  );
}
