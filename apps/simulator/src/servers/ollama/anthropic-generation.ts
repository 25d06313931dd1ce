import { HEX, randomId } from '../../engine/random.ts';
import { generate, planOutput, type Generation } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import { countTokens } from '../../text/count-tokens.ts';
import { readGenerationRequest } from '../../text/generation-request.ts';
import type { ModelOutput } from '../../text/model-output.ts';
import { contextTooLong, QUEUE_FULL, sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { readRequest } from './read-request.ts';
import { goJson, JSON_PLAIN, sendJson, startEventStream } from './send.ts';

/** Serves `/v1/messages`. */
export async function serveMessages(exchange: Exchange, state: ServerState): Promise<void> {
  const fail = (status: number, message: string, early = false): void =>
    sendFailure(exchange, state, 'anthropic', { status, message, early });
  const read = readRequest(await exchange.body(), 'anthropic.MessagesRequest', 'EOF');
  if ('error' in read) return fail(read.status, read.error, true);
  const request = readGenerationRequest(read.body, 'anthropic');
  if (request.model === '') return fail(400, 'model is required', true);
  if (request.maxTokens === undefined || request.maxTokens === 0)
    return fail(400, 'max_tokens is required and must be positive', true);
  const model = findModel(state, request.model);
  if (model === undefined) return fail(404, `model '${request.model}' not found`);
  const promptTokens = countTokens(request.promptText);
  if (promptTokens > model.contextTokens)
    return sendFailure(exchange, state, 'anthropic', contextTooLong(promptTokens, model.contextTokens));

  run(exchange, state, { model, request, output: planOutput(state, model, request) });
}

function run(
  exchange: Exchange,
  state: ServerState,
  { model, request, output }: Pick<Generation, 'model' | 'request' | 'output'>,
): void {
  const id = `msg_${randomId(state.random, 24, HEX)}`;
  const stop_reason = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }[output.finish];
  const write = (value: { type: string }): void =>
    exchange.writeChunk(`event: ${value.type}\ndata: ${goJson(value)}\n\n`);
  const open = (): void => {
    startEventStream(exchange);
    write(messageStart(id, request.model, countTokens(request.promptText)));
  };
  generate(state, exchange, {
    model,
    request,
    output,
    onToken(piece, index) {
      if (!request.stream || output.toolCalls.length > 0) return;
      if (index === 0) {
        open();
        write(blockStart(0, { type: 'text', text: '' }));
      }
      write(blockDelta(0, { type: 'text_delta', text: piece }));
    },
    onDone(stats) {
      const usage = { input_tokens: stats.promptTokens, output_tokens: stats.outputTokens };
      if (!request.stream) {
        const content = contentBlocks(output);
        const message = { id, type: 'message', role: 'assistant', model: request.model };
        return sendJson(exchange, 200, { ...message, content, stop_reason, usage }, JSON_PLAIN);
      }
      if (!exchange.headSent) open();
      output.toolCalls.forEach((call, index) => {
        write(blockStart(index, { type: 'tool_use', id: call.id, name: call.name, input: {} }));
        write(blockDelta(index, { type: 'input_json_delta', partial_json: call.argsText }));
        write(blockStop(index));
      });
      if (output.toolCalls.length === 0) write(blockStop(0));
      write(messageDelta(stop_reason, usage));
      write({ type: 'message_stop' });
      exchange.end();
    },
    onQueueFull: () => sendFailure(exchange, state, 'anthropic', QUEUE_FULL),
  });
}

function messageStart(id: string, model: string, inputTokens: number) {
  const usage = { input_tokens: inputTokens, output_tokens: 0 };
  return {
    type: 'message_start',
    message: { id, type: 'message', role: 'assistant', model, content: [], usage },
  };
}

function blockStart(index: number, content_block: unknown) {
  return { type: 'content_block_start', index, content_block };
}

function blockDelta(index: number, delta: unknown) {
  return { type: 'content_block_delta', index, delta };
}

function blockStop(index: number) {
  return { type: 'content_block_stop', index };
}

function messageDelta(stop_reason: string, usage: unknown) {
  return { type: 'message_delta', delta: { stop_reason }, usage };
}

function contentBlocks(output: ModelOutput): unknown[] {
  if (output.toolCalls.length === 0) return [{ type: 'text', text: output.text }];
  return output.toolCalls.map((call) => ({
    type: 'tool_use',
    id: call.id,
    name: call.name,
    input: call.args,
  }));
}
