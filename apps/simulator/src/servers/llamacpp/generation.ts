import { generate, planOutput } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import { countTokens } from '../../text/count-tokens.ts';
import { readGenerationRequest } from '../../text/generation-request.ts';
import type { JsonObject } from '../../text/json-object.ts';
import { cancelAfterDisconnect } from './cancel-after-disconnect.ts';
import type { StreamWriter, ResponseContext } from './dialect.ts';
import type { LlamaServer } from './llama-server.ts';
import { messagesDialect } from './messages-dialect.ts';
import { nativeDialect } from './native-dialect.ts';
import { chatDialect, completionDialect } from './openai-dialect.ts';
import { readBody } from './read-body.ts';
import { responsesDialect } from './responses-dialect.ts';
import { endStream, sendError, sendJson, startStream, type LlamaError } from './send.ts';

const DIALECTS = {
  chat: chatDialect,
  completion: completionDialect,
  messages: messagesDialect,
  native: nativeDialect,
  responses: responsesDialect,
} as const;

type Api = keyof typeof DIALECTS;

/** Simulated milliseconds without a token after which a stream sends an SSE comment. */
const PING_MS = 30_000;

/** Serves all APIs that generate. */
export async function serveGeneration(exchange: Exchange, server: LlamaServer, api: Api): Promise<void> {
  const { state, model } = server;
  const body = await readBody(exchange);
  if (body === undefined) return;
  const error = findError(body, api);
  if (error !== undefined) return sendError(exchange, error);
  const request = readGenerationRequest(body, api === 'messages' ? 'anthropic' : 'llamacpp');
  const promptTokens = countTokens(request.promptText);
  if (promptTokens >= model.contextTokens)
    return sendError(exchange, contextTooLong(promptTokens, model.contextTokens));
  run(exchange, server, {
    api,
    context: {
      request,
      output: planOutput(state, model, request),
      model: model.name,
      created: Math.floor(Date.now() / 1000),
      timeScale: state.timeScale,
      random: state.random,
    },
  });
}

function run(
  exchange: Exchange,
  server: LlamaServer,
  { api, context }: { readonly api: Api; readonly context: ResponseContext },
): void {
  const { state, model } = server;
  const { request, output } = context;
  const dialect = DIALECTS[api];
  const stream: StreamWriter | undefined = request.stream ? dialect.stream(context) : undefined;
  const pings = createPings(exchange, server);
  generate(state, exchange, {
    model,
    request,
    output,
    onSlot() {
      if (stream === undefined) return;
      startStream(exchange);
      pings.start();
    },
    onToken(piece, index) {
      if (stream === undefined) return;
      server.lastResultAt = state.clock.now();
      pings.stop();
      exchange.writeChunk(stream.token(piece, index));
    },
    onDone(stats) {
      server.lastResultAt = state.clock.now();
      pings.stop();
      if (stream === undefined) return sendJson(exchange, dialect.whole(context, stats));
      for (const chunk of stream.end(stats)) exchange.writeChunk(chunk);
      endStream(exchange);
    },
    onQueueFull: () => exchange.abort(),
    onClientLeft: (job) => cancelAfterDisconnect(server, exchange, job),
  });
}

/** SSE comments that llama.cpp sends until the first token comes. */
function createPings(exchange: Exchange, { state }: LlamaServer): { start(): void; stop(): void } {
  let cancel: () => void = () => undefined;
  const start = (): void => {
    cancel = state.clock.after(PING_MS, () => {
      exchange.writeChunk(':\n\n');
      start();
    });
  };
  const stop = (): void => cancel();
  exchange.onClientLeft(stop);
  return { start, stop };
}

function findError(body: JsonObject, api: Api): LlamaError | undefined {
  const invalid = (message: string): LlamaError => ({ code: 400, message, type: 'invalid_request_error' });
  if (api === 'chat' || api === 'messages') {
    if (body['messages'] === undefined) return invalid("'messages' is required");
    if (!Array.isArray(body['messages'])) return invalid("Expected 'messages' to be an array");
  } else if (api === 'responses') {
    if (body['input'] === undefined) return invalid("'input' is required");
  } else if (body['prompt'] === undefined) return invalid('"prompt" is missing');
  for (const field of ['temperature', 'top_p', 'max_tokens', 'seed']) {
    const given = body[field];
    if (given === undefined || given === null || typeof given === 'number') continue;
    const type = Array.isArray(given) ? 'array' : typeof given;
    return invalid(`Field '${field}': [json.exception.type_error.302] type must be number, but is ${type}`);
  }
  return undefined;
}

function contextTooLong(promptTokens: number, contextTokens: number): LlamaError {
  return {
    code: 400,
    message: `request (${promptTokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`,
    type: 'exceed_context_size_error',
    n_prompt_tokens: promptTokens,
    n_ctx: contextTokens,
  };
}
