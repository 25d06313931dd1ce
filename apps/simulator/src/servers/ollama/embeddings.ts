import { embed } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import { drawEmbedding, embeddingInputs, shortestFloat, toBase64 } from '../../text/embedding.ts';
import { QUEUE_FULL, sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { readKeepAlive, readRequest } from './read-request.ts';
import { JSON_PLAIN, JSON_UTF8, sendJson } from './send.ts';

type Path = '/api/embed' | '/api/embeddings' | '/v1/embeddings';

/** Serves the three APIs for embeddings. */
export async function serveEmbeddings(exchange: Exchange, state: ServerState, path: Path): Promise<void> {
  const shape = path === '/v1/embeddings' ? 'openai' : 'native';
  const fail = (status: number, message: string, early = false): void =>
    sendFailure(exchange, state, shape, { status, message, early });
  const read = readRequest(
    await exchange.body(),
    'api.EmbedRequest',
    shape === 'native' ? 'missing request body' : 'EOF',
  );
  if ('error' in read) return fail(read.status, read.error, true);
  const { body } = read;
  const name = typeof body['model'] === 'string' ? body['model'] : '';
  const model = findModel(state, name);
  if (model === undefined) return fail(404, `model "${name}" not found, try pulling it first`);
  if (model.kind !== 'embeddings')
    return fail(501, 'This server does not support embeddings. Start it with `--embeddings`');

  const texts = embeddingInputs(path === '/api/embeddings' ? body['prompt'] : body['input']);
  const keepAliveMs = readKeepAlive(body['keep_alive']);
  embed(state, exchange, {
    model,
    texts,
    keepAliveMs,
    onDone(stats) {
      const vectors = texts.map((text) => drawEmbedding(text, model.dimensions));
      if (path === '/api/embeddings') return sendJson(exchange, 200, { embedding: vectors[0] ?? [] });
      const short = vectors.map((vector) => vector.map(shortestFloat));
      if (path === '/v1/embeddings') {
        const usage = { prompt_tokens: stats.promptTokens, total_tokens: stats.promptTokens };
        const data = vectors.map((vector, index) => ({
          object: 'embedding',
          embedding: body['encoding_format'] === 'base64' ? toBase64(vector) : short[index],
          index,
        }));
        return sendJson(exchange, 200, { object: 'list', data, model: name, usage }, JSON_PLAIN);
      }
      const nanos = (ms: number): number => Math.round((ms / state.timeScale) * 1e6);
      sendJson(
        exchange,
        200,
        {
          model: name,
          embeddings: short,
          total_duration: nanos(stats.totalMs) + 900_113,
          load_duration: nanos(stats.loadMs) + 700_031,
          prompt_eval_count: stats.promptTokens,
        },
        JSON_UTF8,
      );
    },
    onQueueFull: () => sendFailure(exchange, state, shape, QUEUE_FULL),
  });
}
