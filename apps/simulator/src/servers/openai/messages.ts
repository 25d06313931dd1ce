import { generate, planAnswer } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { JobStats } from '../../physics/job.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import { HEX, randomId } from '../../physics/random.ts';
import type { ServerState } from '../../server-state.ts';
import type { Answer } from '../../text/answer.ts';
import { readAsk } from '../../text/ask.ts';
import type { ApiError, Flavour } from './flavour.ts';
import { findModel, readJson } from './generation.ts';
import type { Routes } from './router.ts';
import { sendJson, startStream } from './send.ts';

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const;

/** The native Anthropic API of servers that have one, under `prefix`, with or without `count_tokens`. */
export function messagesRoutes(flavour: Flavour, prefix: string, countsTokens: boolean): Routes {
  const routes: Routes = {
    [`POST ${prefix}/messages`]: (exchange, state) => serveMessages(exchange, state, flavour),
  };
  if (!countsTokens) return routes;
  return {
    ...routes,
    async [`POST ${prefix}/messages/count_tokens`](exchange) {
      const body = await readJson(exchange, flavour);
      if (body === undefined) return;
      sendJson(exchange, flavour, 200, { input_tokens: countTokens(readAsk(body, 'anthropic').promptText) });
    },
  };
}

async function serveMessages(exchange: Exchange, state: ServerState, flavour: Flavour): Promise<void> {
  const body = await readJson(exchange, flavour);
  if (body === undefined) return;
  const fail = ({ status, message }: Pick<ApiError, 'status' | 'message'>): void => {
    const type =
      status === 404 ? 'not_found_error' : status === 503 ? 'overloaded_error' : 'invalid_request_error';
    sendJson(exchange, flavour, status, { type: 'error', error: { type, message } });
  };
  for (const field of ['messages', 'max_tokens']) {
    if (body[field] === undefined) return fail({ status: 400, message: `${field}: Field required` });
  }
  const ask = readAsk(body, 'anthropic');
  const model = findModel(state, ask.model);
  if (model === undefined) return fail(flavour.unknownModel(ask.model));
  const promptTokens = countTokens(ask.promptText);
  if (promptTokens >= model.contextTokens) return fail(flavour.tooLong(model.contextTokens, promptTokens));

  const answer = planAnswer(state, model, ask);
  const id = `msg_${randomId(state.random, 24, HEX)}`;
  const shared = { id, type: 'message', role: 'assistant', model: model.name };
  const write = (value: { readonly type: string; readonly [field: string]: unknown }): void =>
    exchange.write(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`);
  const [call] = answer.toolCalls;
  const block =
    call === undefined
      ? { type: 'text', text: '' }
      : { type: 'tool_use', id: call.id, name: call.name, input: {} };
  const open = (): void => {
    if (!exchange.headSent) startStream(exchange, flavour);
    const usage = { input_tokens: promptTokens, output_tokens: 0 };
    write({
      type: 'message_start',
      message: { ...shared, content: [], stop_reason: null, stop_sequence: null, usage },
    });
    write({ type: 'content_block_start', index: 0, content_block: block });
  };
  generate(
    state,
    exchange,
    { model, ask, answer },
    {
      onSlot() {
        if (ask.stream && flavour.headWithSlot) startStream(exchange, flavour);
      },
      onToken(piece, index) {
        if (!ask.stream) return;
        if (index === 0) open();
        const delta =
          call === undefined
            ? { type: 'text_delta', text: piece }
            : { type: 'input_json_delta', partial_json: piece };
        write({ type: 'content_block_delta', index: 0, delta });
      },
      onDone(stats) {
        const stop_reason = STOP_REASONS[answer.finish];
        if (!ask.stream) {
          const whole = {
            ...shared,
            content: contentOf(answer),
            stop_reason,
            stop_sequence: null,
            usage: usageOf(stats),
          };
          return sendJson(exchange, flavour, 200, whole);
        }
        write({ type: 'content_block_stop', index: 0 });
        write({
          type: 'message_delta',
          delta: { stop_reason, stop_sequence: null },
          usage: { output_tokens: stats.outputTokens },
        });
        write({ type: 'message_stop' });
        exchange.end(exchange.wantsClose ? 'close' : 'keep');
      },
      onFail: () => fail({ status: 503, message: 'The server is overloaded, try again later.' }),
    },
  );
}

function contentOf(answer: Answer): unknown[] {
  if (answer.toolCalls.length === 0) return [{ type: 'text', text: answer.text }];
  return answer.toolCalls.map((call) => ({
    type: 'tool_use',
    id: call.id,
    name: call.name,
    input: call.args,
  }));
}

function usageOf(stats: JobStats): unknown {
  return { input_tokens: stats.promptTokens, output_tokens: stats.outputTokens };
}
