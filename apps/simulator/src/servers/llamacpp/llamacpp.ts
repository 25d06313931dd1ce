import { hashText } from '../../engine/random.ts';
import type { Exchange } from '../../http/exchange.ts';
import { buildModel } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';
import { countTokens, splitIntoPieces } from '../../text/count-tokens.ts';
import { readGenerationRequest } from '../../text/generation-request.ts';
import type { JsonObject } from '../../text/json-object.ts';
import { serveEmbeddings } from './embeddings.ts';
import { serveGeneration } from './generation.ts';
import type { LlamaServer } from './llama-server.ts';
import { readBody } from './read-body.ts';
import { earlyError, respondPreflight, send, sendError, sendJson } from './send.ts';
import { describeProps, listModels, listSlots, printMetrics } from './server-info.ts';

type Handler = (exchange: Exchange, server: LlamaServer) => void | Promise<void>;

const chat: Handler = (exchange, server) => serveGeneration(exchange, server, 'chat');
const completion: Handler = (exchange, server) => serveGeneration(exchange, server, 'completion');
const native: Handler = (exchange, server) => serveGeneration(exchange, server, 'native');
const models: Handler = (exchange, server) => sendJson(exchange, listModels(server));
const health: Handler = (exchange) => sendJson(exchange, { status: 'ok' });

const GET: Record<string, Handler> = {
  '/health': health,
  '/v1/health': health,
  '/models': models,
  '/v1/models': models,
  '/props': (exchange, server) => sendJson(exchange, describeProps(server)),
  '/slots': serveSlots,
  '/metrics': (exchange, server) => {
    const startedS = String(Math.floor(server.state.startedAt / 1000));
    send(exchange, {
      contentType: 'text/plain; version=0.0.4',
      body: printMetrics(server),
      extraHeaders: ['Process-Start-Time-Unix', startedS],
    });
  },
};

const POST: Record<string, Handler> = {
  '/v1/chat/completions': chat,
  '/chat/completions': chat,
  '/v1/completions': completion,
  '/completions': native,
  '/completion': native,
  '/v1/messages': (exchange, server) => serveGeneration(exchange, server, 'messages'),
  '/v1/messages/count_tokens': withBody((exchange, _server, body) =>
    sendJson(exchange, { input_tokens: countTokens(readGenerationRequest(body, 'anthropic').promptText) }),
  ),
  '/v1/responses': (exchange, server) => serveGeneration(exchange, server, 'responses'),
  '/v1/embeddings': (exchange, server) => serveEmbeddings(exchange, server, 'openai'),
  '/embeddings': (exchange, server) => serveEmbeddings(exchange, server, 'native'),
  '/embedding': (exchange, server) => serveEmbeddings(exchange, server, 'native'),
  '/tokenize': withBody(tokenize),
  '/detokenize': withBody((exchange, _server, body) => {
    const ids = Array.isArray(body['tokens']) ? body['tokens'] : [];
    sendJson(exchange, { content: ids.map((id) => ` t${String(id)}`).join('') });
  }),
  '/apply-template': withBody((exchange, _server, body) =>
    sendJson(exchange, { prompt: readGenerationRequest(body, 'llamacpp').promptText }),
  ),
  '/v1/rerank': rerankNotEnabled,
  '/rerank': rerankNotEnabled,
};

/** Paths that need no API key. */
const PUBLIC_PATHS = ['/health', '/v1/health'];

/** The handler of a `llama-server` that was started with `--slots --metrics --jinja`. */
export function createLlamaCpp(state: ServerState): (exchange: Exchange) => void | Promise<void> {
  const [first] = state.models.values();
  const model = first ?? buildModel('model', state.spec);
  const readyAt = state.clock.now() + (state.spec.startsLoading === true ? model.cost.loadMs : 0);
  const server: LlamaServer = { state, model, readyAt, lastResultAt: -Infinity };
  return (exchange) => serve(exchange, server);
}

function serve(exchange: Exchange, server: LlamaServer): void | Promise<void> {
  const { state } = server;
  if (exchange.method === 'OPTIONS') return respondPreflight(exchange);
  const { apiKey } = state.spec;
  if (apiKey !== undefined && !PUBLIC_PATHS.includes(exchange.path) && !hasKey(exchange, apiKey)) {
    return sendError(exchange, earlyError(401, 'Invalid API Key', 'authentication_error'));
  }
  if (state.clock.now() < server.readyAt)
    return sendError(exchange, earlyError(503, 'Loading model', 'unavailable_error'));
  const isRead = exchange.method === 'GET' || exchange.method === 'HEAD';
  const handler = isRead ? GET[exchange.path] : exchange.method === 'POST' ? POST[exchange.path] : undefined;
  if (handler !== undefined) return handler(exchange, server);
  // llama.cpp does not read the body of a POST to an unknown path, so it closes the connection.
  sendError(exchange, earlyError(404, 'File Not Found', 'not_found_error'), isRead ? 'keep' : 'close');
}

function hasKey(exchange: Exchange, apiKey: string): boolean {
  return exchange.headers.authorization === `Bearer ${apiKey}` || exchange.headers['x-api-key'] === apiKey;
}

function serveSlots(exchange: Exchange, server: LlamaServer): void {
  const slots = listSlots(server);
  if (exchange.query.has('fail_on_no_slot') && slots.every((slot) => slot['is_processing'] === true)) {
    return sendError(exchange, { code: 503, message: 'no slot available', type: 'unavailable_error' });
  }
  sendJson(exchange, slots);
}

function withBody(handle: (exchange: Exchange, server: LlamaServer, body: JsonObject) => void): Handler {
  return async (exchange, server) => {
    const body = await readBody(exchange);
    if (body !== undefined) handle(exchange, server, body);
  };
}

function tokenize(exchange: Exchange, _server: LlamaServer, body: JsonObject): void {
  const content = typeof body['content'] === 'string' ? body['content'] : '';
  const tokens = splitIntoPieces(content).map((piece) => {
    const id = hashText(piece) % 32_000;
    return body['with_pieces'] === true ? { id, piece } : id;
  });
  sendJson(exchange, { tokens });
}

async function rerankNotEnabled(exchange: Exchange): Promise<void> {
  await exchange.body();
  sendError(exchange, {
    code: 501,
    message: 'This server does not support reranking. Start it with `--reranking`',
    type: 'not_supported_error',
  });
}
