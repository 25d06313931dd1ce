import { HEX, randomId } from '../../engine/random.ts';
import { generate, planOutput } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import { countTokens } from '../../text/count-tokens.ts';
import { readGenerationRequest } from '../../text/generation-request.ts';
import type { ApiError } from './api-variant.ts';
import { findModel } from './find-model.ts';
import { readJson } from './read-json.ts';
import {
  chunk,
  contentChunk,
  usageChunk,
  wholeChat,
  wholeCompletion,
  type ResponseContext,
} from './response-objects.ts';
import { sendError, sendJson, startStream } from './send.ts';

export const OVERLOADED: ApiError = {
  status: 503,
  message: 'The server is overloaded, try again later.',
  type: 'server_error',
};

/** Serves `/chat/completions` and `/completions`. */
export async function serveGeneration(
  exchange: Exchange,
  state: ServerState,
  { variant, api }: Pick<ResponseContext, 'variant' | 'api'>,
): Promise<void> {
  const body = await readJson(exchange, variant);
  if (body === undefined) return;
  const required = api === 'chat' ? 'messages' : 'prompt';
  if (body[required] === undefined) {
    return sendError(exchange, variant, {
      status: 400,
      message: `Field required: ${required}`,
      type: 'invalid_request_error',
      param: required,
    });
  }
  const request = readGenerationRequest(body, 'openai');
  const model = findModel(state, request.model);
  if (model === undefined) return sendError(exchange, variant, variant.unknownModel(request.model));
  const promptTokens = countTokens(request.promptText);
  if (promptTokens >= model.contextTokens)
    return sendError(exchange, variant, variant.contextTooLong(model.contextTokens, promptTokens));
  run(exchange, {
    request,
    model,
    api,
    variant,
    state,
    output: planOutput(state, model, request),
    id: api === 'chat' ? variant.newChatId(state) : `cmpl-${randomId(state.random, 32, HEX)}`,
    created: Math.floor(Date.now() / 1000),
  });
}

function run(exchange: Exchange, context: ResponseContext): void {
  const { request, model, output, variant, state, api } = context;
  generate(state, exchange, {
    model,
    request,
    output,
    onSlot() {
      if (request.stream && variant.headOnSlot) startStream(exchange, variant);
    },
    onToken(piece, index) {
      if (!request.stream) return;
      if (!exchange.headSent) startStream(exchange, variant);
      if (index === 0 && api === 'chat' && variant.roleChunk)
        exchange.writeChunk(chunk(context, { role: 'assistant', content: '' }));
      exchange.writeChunk(contentChunk(context, piece, index));
    },
    onDone(stats) {
      if (!request.stream) {
        const whole = api === 'chat' ? wholeChat(context, stats) : wholeCompletion(context, stats);
        return sendJson(exchange, variant, 200, whole);
      }
      exchange.writeChunk(chunk(context, api === 'chat' ? {} : { text: '' }, output.finish));
      if (request.includeUsage) exchange.writeChunk(usageChunk(context, stats));
      exchange.writeChunk('data: [DONE]\n\n');
      exchange.end(exchange.clientCloses ? 'close' : 'keep');
    },
    onQueueFull: () => sendError(exchange, variant, OVERLOADED),
  });
}
