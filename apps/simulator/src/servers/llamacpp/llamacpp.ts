import type { Exchange } from '../../http/exchange.ts';
import { buildModel } from '../../model.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import { hashText } from '../../physics/random.ts';
import type { ServerState } from '../../server-state.ts';
import { readAsk, type Body } from '../../text/ask.ts';
import { serveEmbeddings } from './embeddings.ts';
import { readBody, serveGeneration } from './generation.ts';
import { describeProps, listModels, listSlots, printMetrics } from './server-facts.ts';
import { earlyError, respondPreflight, send, sendError, sendJson } from './wire.ts';
import type { LlamaServer } from './work.ts';

type Serve = (exchange: Exchange, server: LlamaServer) => void | Promise<void>;

const chat: Serve = (exchange, server) => serveGeneration(exchange, server, 'chat');
const completion: Serve = (exchange, server) => serveGeneration(exchange, server, 'completion');
const native: Serve = (exchange, server) => serveGeneration(exchange, server, 'native');
const models: Serve = (exchange, server) => sendJson(exchange, listModels(server));
const health: Serve = (exchange) => sendJson(exchange, { status: 'ok' });

const GET: Record<string, Serve> = {
  '/health': health,
  '/v1/health': health,
  '/models': models,
  '/v1/models': models,
  '/props': (exchange, server) => sendJson(exchange, describeProps(server)),
  '/slots': serveSlots,
  '/metrics': (exchange, server) => {
    const started = ['Process-Start-Time-Unix', String(Math.floor(server.state.startedAt / 1000))];
    send(exchange, 200, 'text/plain; version=0.0.4', printMetrics(server), started);
  },
};

const POST: Record<string, Serve> = {
  '/v1/chat/completions': chat,
  '/chat/completions': chat,
  '/v1/completions': completion,
  '/completions': native,
  '/completion': native,
  '/v1/messages': (exchange, server) => serveGeneration(exchange, server, 'messages'),
  '/v1/messages/count_tokens': withBody((exchange, _server, body) =>
    sendJson(exchange, { input_tokens: countTokens(readAsk(body, 'anthropic').promptText) }),
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
    sendJson(exchange, { prompt: readAsk(body, 'llamacpp').promptText }),
  ),
  '/v1/rerank': rerankNotEnabled,
  '/rerank': rerankNotEnabled,
};

const NO_KEY_NEEDED = ['/health', '/v1/health'];

/** Behaviour of one `llama-server`, started with `--slots --metrics --jinja`. */
export function createLlamaCpp(state: ServerState): (exchange: Exchange) => void | Promise<void> {
  const [first] = state.models.values();
  const model = first ?? buildModel('model', state.spec);
  const readyAt = state.clock.now() + (state.spec.startsLoading === true ? model.physics.loadMs : 0);
  const server: LlamaServer = { state, model, readyAt, lastResultAt: -Infinity };
  return (exchange) => serve(exchange, server);
}

function serve(exchange: Exchange, server: LlamaServer): void | Promise<void> {
  const { state } = server;
  if (exchange.method === 'OPTIONS') return respondPreflight(exchange);
  const { apiKey } = state.spec;
  if (apiKey !== undefined && !NO_KEY_NEEDED.includes(exchange.path) && !hasKey(exchange, apiKey)) {
    return sendError(exchange, earlyError(401, 'Invalid API Key', 'authentication_error'));
  }
  if (state.clock.now() < server.readyAt)
    return sendError(exchange, earlyError(503, 'Loading model', 'unavailable_error'));
  const reads = exchange.method === 'GET' || exchange.method === 'HEAD';
  const route = reads ? GET[exchange.path] : exchange.method === 'POST' ? POST[exchange.path] : undefined;
  if (route !== undefined) return route(exchange, server);
  // The body of a POST nobody takes is left unread, so its connection cannot go on.
  sendError(exchange, earlyError(404, 'File Not Found', 'not_found_error'), reads ? 'keep' : 'close');
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

function withBody(handle: (exchange: Exchange, server: LlamaServer, body: Body) => void): Serve {
  return async (exchange, server) => {
    const read = readBody(await exchange.body());
    if ('error' in read) return sendError(exchange, read.error);
    handle(exchange, server, read.body);
  };
}

function tokenize(exchange: Exchange, _server: LlamaServer, body: Body): void {
  const content = typeof body['content'] === 'string' ? body['content'] : '';
  const pieces = content.match(/[\s\S]{1,4}/g) ?? [];
  const tokens = pieces.map((piece) => {
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
