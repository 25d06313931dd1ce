import { HEX, randomId } from '../../engine/random.ts';
import { generate, planOutput } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Model } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';
import { countTokens } from '../../text/count-tokens.ts';
import { readGenerationRequest, type GenerationRequest } from '../../text/generation-request.ts';
import type { ModelOutput } from '../../text/model-output.ts';
import type { ApiError, ApiVariant } from './api-variant.ts';
import { findModel } from './find-model.ts';
import { OVERLOADED } from './generation.ts';
import { readJson } from './read-json.ts';
import type { Routes } from './router.ts';
import { sendJson, startStream } from './send.ts';

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const;

/** The Anthropic API of servers that have one, under `prefix`, with or without `count_tokens`. */
export function messagesRoutes(variant: ApiVariant, prefix: string, countsTokens: boolean): Routes {
  const routes: Routes = {
    [`POST ${prefix}/messages`]: (exchange, state) => serveMessages(exchange, state, variant),
  };
  if (!countsTokens) return routes;
  return {
    ...routes,
    async [`POST ${prefix}/messages/count_tokens`](exchange) {
      const body = await readJson(exchange, variant);
      if (body === undefined) return;
      const { promptText } = readGenerationRequest(body, 'anthropic');
      sendJson(exchange, variant, 200, { input_tokens: countTokens(promptText) });
    },
  };
}

async function serveMessages(exchange: Exchange, state: ServerState, variant: ApiVariant): Promise<void> {
  const body = await readJson(exchange, variant);
  if (body === undefined) return;
  for (const field of ['messages', 'max_tokens']) {
    if (body[field] === undefined)
      return sendMessagesError(exchange, variant, { status: 400, message: `${field}: Field required` });
  }
  const request = readGenerationRequest(body, 'anthropic');
  const model = findModel(state, request.model);
  if (model === undefined) return sendMessagesError(exchange, variant, variant.unknownModel(request.model));
  const promptTokens = countTokens(request.promptText);
  if (promptTokens >= model.contextTokens)
    return sendMessagesError(exchange, variant, variant.contextTooLong(model.contextTokens, promptTokens));
  const output = planOutput(state, model, request);
  run(exchange, { state, variant, model, request, output });
}

function sendMessagesError(
  exchange: Exchange,
  variant: ApiVariant,
  { status, message }: Pick<ApiError, 'status' | 'message'>,
): void {
  const type =
    status === 404 ? 'not_found_error' : status === 503 ? 'overloaded_error' : 'invalid_request_error';
  sendJson(exchange, variant, status, { type: 'error', error: { type, message } });
}

interface MessagesContext {
  readonly state: ServerState;
  readonly variant: ApiVariant;
  readonly model: Model;
  readonly request: GenerationRequest;
  readonly output: ModelOutput;
}

function run(exchange: Exchange, { state, variant, model, request, output }: MessagesContext): void {
  const id = `msg_${randomId(state.random, 24, HEX)}`;
  const message = { id, type: 'message', role: 'assistant', model: model.name };
  const stop_reason = STOP_REASONS[output.finish];
  const write = (value: { readonly type: string; readonly [field: string]: unknown }): void =>
    exchange.writeChunk(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`);
  const open = (): void => {
    if (!exchange.headSent) startStream(exchange, variant);
    const usage = { input_tokens: countTokens(request.promptText), output_tokens: 0 };
    write({
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage },
    });
    write({ type: 'content_block_start', index: 0, content_block: emptyBlock(output) });
  };
  generate(state, exchange, {
    model,
    request,
    output,
    onSlot() {
      if (request.stream && variant.headOnSlot) startStream(exchange, variant);
    },
    onToken(piece, index) {
      if (!request.stream) return;
      if (index === 0) open();
      write({ type: 'content_block_delta', index: 0, delta: blockDelta(output, piece) });
    },
    onDone(stats) {
      const { promptTokens: input_tokens, outputTokens: output_tokens } = stats;
      if (!request.stream) {
        const content = contentBlocks(output);
        const usage = { input_tokens, output_tokens };
        const whole = { ...message, content, stop_reason, stop_sequence: null, usage };
        return sendJson(exchange, variant, 200, whole);
      }
      write({ type: 'content_block_stop', index: 0 });
      write({
        type: 'message_delta',
        delta: { stop_reason, stop_sequence: null },
        usage: { output_tokens },
      });
      write({ type: 'message_stop' });
      exchange.end(exchange.clientCloses ? 'close' : 'keep');
    },
    onQueueFull: () => sendMessagesError(exchange, variant, OVERLOADED),
  });
}

function emptyBlock({ toolCalls: [call] }: ModelOutput): JsonBlock {
  if (call === undefined) return { type: 'text', text: '' };
  return { type: 'tool_use', id: call.id, name: call.name, input: {} };
}

function blockDelta({ toolCalls }: ModelOutput, piece: string): JsonBlock {
  if (toolCalls.length === 0) return { type: 'text_delta', text: piece };
  return { type: 'input_json_delta', partial_json: piece };
}

function contentBlocks({ text, toolCalls }: ModelOutput): JsonBlock[] {
  if (toolCalls.length === 0) return [{ type: 'text', text }];
  return toolCalls.map(({ id, name, args }) => ({ type: 'tool_use', id, name, input: args }));
}

interface JsonBlock {
  readonly type: string;
  readonly [field: string]: unknown;
}
