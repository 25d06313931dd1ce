import { generate, planAnswer } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { JobStats } from '../../physics/job.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import type { ServerState } from '../../server-state.ts';
import { readAsk, type Ask, type Body } from '../../text/ask.ts';
import { contextTooLong, QUEUE_FULL, sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { readRequest } from './read-request.ts';
import { goJson, JSON_PLAIN, sendJson, startStream } from './wire.ts';

/** `/v1/responses`, text answers. */
export async function serveResponses(exchange: Exchange, state: ServerState): Promise<void> {
  const fail = (status: number, message: string, early = false): void =>
    sendFailure(exchange, state, 'openai', { status, message, early });
  const read = readRequest(await exchange.body(), 'openai.ResponsesRequest', 'EOF');
  if ('error' in read) return fail(read.status, read.error, true);
  const ask = { ...readAsk(read.body, 'openai'), tools: [] };
  if (ask.model === '') return fail(400, 'model is required');
  const model = findModel(state, ask.model);
  if (model === undefined) return fail(404, `model '${ask.model}' not found`);
  const promptTokens = countTokens(ask.promptText);
  if (promptTokens > model.contextTokens)
    return sendFailure(exchange, state, 'openai', contextTooLong(promptTokens, model.contextTokens));

  const answer = planAnswer(state, model, ask);
  const ids = {
    response: `resp_${sixDigits(state)}`,
    item: `msg_${sixDigits(state)}`,
    createdAt: Math.floor(Date.now() / 1000),
  };
  let sequence = 0;
  const write = (type: string, fields: Body): void => {
    // The stream's objects have their keys in alphabetical order, which the sequence number and type close.
    const sorted = Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
    exchange.write(`event: ${type}\ndata: ${goJson({ ...sorted, sequence_number: sequence++, type })}\n\n`);
  };
  const textPart = (text: string): Body => ({ annotations: [], logprobs: [], text, type: 'output_text' });
  const item = (status: string, content: unknown[]): Body => ({
    content,
    id: ids.item,
    role: 'assistant',
    status,
    type: 'message',
  });
  const at = { content_index: 0, item_id: ids.item, output_index: 0 };
  const opening = (): void => {
    startStream(exchange, 'text/event-stream', ['Cache-Control', 'no-cache', 'Connection', 'keep-alive']);
    write('response.created', { response: responseObject(ids, ask, 'in_progress') });
    write('response.in_progress', { response: responseObject(ids, ask, 'in_progress') });
    write('response.output_item.added', { item: item('in_progress', []), output_index: 0 });
    write('response.content_part.added', { ...at, part: textPart('') });
  };
  generate(
    state,
    exchange,
    { model, ask, answer },
    {
      onToken(piece, index) {
        if (!ask.stream) return;
        if (index === 0) opening();
        write('response.output_text.delta', { ...at, delta: piece, logprobs: [] });
      },
      onDone(stats) {
        const done = item('completed', [textPart(answer.text)]);
        const whole = {
          ...responseObject(ids, ask, 'completed'),
          completed_at: Math.floor(Date.now() / 1000),
          output: [done],
          usage: usage(stats),
        };
        if (!ask.stream) return sendJson(exchange, 200, whole, JSON_PLAIN);
        write('response.output_text.done', { ...at, logprobs: [], text: answer.text });
        write('response.content_part.done', { ...at, part: textPart(answer.text) });
        write('response.output_item.done', { item: done, output_index: 0 });
        write('response.completed', { response: whole });
        exchange.end();
      },
      onFail: () => sendFailure(exchange, state, 'openai', QUEUE_FULL),
    },
  );
}

function sixDigits(state: ServerState): number {
  return 100_000 + Math.floor(state.random() * 900_000);
}

function responseObject(ids: { response: string; createdAt: number }, ask: Ask, status: string): Body {
  return {
    background: false,
    completed_at: null,
    created_at: ids.createdAt,
    error: null,
    frequency_penalty: 0,
    id: ids.response,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: ask.maxTokens ?? null,
    max_tool_calls: null,
    metadata: {},
    model: ask.model,
    object: 'response',
    output: [],
    parallel_tool_calls: true,
    presence_penalty: 0,
    previous_response_id: null,
    reasoning: null,
    service_tier: 'default',
    status,
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_logprobs: 0,
    top_p: 1,
    truncation: 'disabled',
    usage: null,
  };
}

function usage(stats: JobStats): Body {
  return {
    input_tokens: stats.promptTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: stats.outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: stats.promptTokens + stats.outputTokens,
  };
}
