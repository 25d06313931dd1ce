import { generate, planAnswer } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import { HEX, randomId } from '../../physics/random.ts';
import type { ServerState } from '../../server-state.ts';
import type { Answer } from '../../text/answer.ts';
import { readAsk } from '../../text/ask.ts';
import { contextTooLong, QUEUE_FULL, sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { readRequest } from './read-request.ts';
import { goJson, JSON_PLAIN, sendJson, startStream } from './wire.ts';

/** `/v1/messages`. */
export async function serveMessages(exchange: Exchange, state: ServerState): Promise<void> {
  const fail = (status: number, message: string, early = false): void =>
    sendFailure(exchange, state, 'anthropic', { status, message, early });
  const read = readRequest(await exchange.body(), 'anthropic.MessagesRequest', 'EOF');
  if ('error' in read) return fail(read.status, read.error, true);
  const ask = readAsk(read.body, 'anthropic');
  if (ask.model === '') return fail(400, 'model is required', true);
  if (ask.maxTokens === undefined || ask.maxTokens === 0)
    return fail(400, 'max_tokens is required and must be positive', true);
  const model = findModel(state, ask.model);
  if (model === undefined) return fail(404, `model '${ask.model}' not found`);
  const promptTokens = countTokens(ask.promptText);
  if (promptTokens > model.contextTokens)
    return sendFailure(exchange, state, 'anthropic', contextTooLong(promptTokens, model.contextTokens));

  const answer = planAnswer(state, model, ask);
  const id = `msg_${randomId(state.random, 24, HEX)}`;
  const stop_reason = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }[answer.finish];
  const write = (value: { type: string }): void =>
    exchange.write(`event: ${value.type}\ndata: ${goJson(value)}\n\n`);
  const open = (): void => {
    startStream(exchange, 'text/event-stream', ['Cache-Control', 'no-cache', 'Connection', 'keep-alive']);
    write(messageStart(id, ask.model, promptTokens));
  };
  generate(
    state,
    exchange,
    { model, ask, answer },
    {
      onToken(piece, index) {
        if (!ask.stream || answer.toolCalls.length > 0) return;
        if (index === 0) {
          open();
          write(blockStart(0, { type: 'text', text: '' }));
        }
        write(blockDelta(0, { type: 'text_delta', text: piece }));
      },
      onDone(stats) {
        const usage = { input_tokens: stats.promptTokens, output_tokens: stats.outputTokens };
        if (!ask.stream) {
          const content = contentBlocks(answer);
          return sendJson(
            exchange,
            200,
            { id, type: 'message', role: 'assistant', model: ask.model, content, stop_reason, usage },
            JSON_PLAIN,
          );
        }
        if (!exchange.headSent) open();
        answer.toolCalls.forEach((call, index) => {
          write(blockStart(index, { type: 'tool_use', id: call.id, name: call.name, input: {} }));
          write(blockDelta(index, { type: 'input_json_delta', partial_json: call.argsText }));
          write(blockStop(index));
        });
        if (answer.toolCalls.length === 0) write(blockStop(0));
        write(messageDelta(stop_reason, usage));
        write({ type: 'message_stop' });
        exchange.end();
      },
      onFail: () => sendFailure(exchange, state, 'anthropic', QUEUE_FULL),
    },
  );
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

function contentBlocks(answer: Answer): unknown[] {
  if (answer.toolCalls.length === 0) return [{ type: 'text', text: answer.text }];
  return answer.toolCalls.map((call) => ({
    type: 'tool_use',
    id: call.id,
    name: call.name,
    input: call.args,
  }));
}
