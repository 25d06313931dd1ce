import type { JobStats } from '../../engine/job.ts';
import { generate, planOutput, type Generation } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import { countTokens } from '../../text/count-tokens.ts';
import { readGenerationRequest, type GenerationRequest } from '../../text/generation-request.ts';
import type { JsonObject } from '../../text/json-object.ts';
import { contextTooLong, QUEUE_FULL, sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { readRequest } from './read-request.ts';
import { goJson, JSON_PLAIN, sendJson, startEventStream } from './send.ts';

/** Serves `/v1/responses` with text output. */
export async function serveResponses(exchange: Exchange, state: ServerState): Promise<void> {
  const fail = (status: number, message: string, early = false): void =>
    sendFailure(exchange, state, 'openai', { status, message, early });
  const read = readRequest(await exchange.body(), 'openai.ResponsesRequest', 'EOF');
  if ('error' in read) return fail(read.status, read.error, true);
  const request = { ...readGenerationRequest(read.body, 'openai'), tools: [] };
  if (request.model === '') return fail(400, 'model is required');
  const model = findModel(state, request.model);
  if (model === undefined) return fail(404, `model '${request.model}' not found`);
  const promptTokens = countTokens(request.promptText);
  if (promptTokens > model.contextTokens)
    return sendFailure(exchange, state, 'openai', contextTooLong(promptTokens, model.contextTokens));
  run(exchange, state, { model, request, output: planOutput(state, model, request) });
}

function run(
  exchange: Exchange,
  state: ServerState,
  { model, request, output }: Pick<Generation, 'model' | 'request' | 'output'>,
): void {
  const ids = {
    response: `resp_${sixDigits(state)}`,
    item: `msg_${sixDigits(state)}`,
    createdAt: Math.floor(Date.now() / 1000),
  };
  let sequence = 0;
  const write = (type: string, fields: JsonObject): void => {
    // Ollama writes the keys in alphabetical order, then the sequence number and the type.
    const sorted = Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
    exchange.writeChunk(
      `event: ${type}\ndata: ${goJson({ ...sorted, sequence_number: sequence++, type })}\n\n`,
    );
  };
  const item = (status: string, content: unknown[]): JsonObject => ({
    content,
    id: ids.item,
    role: 'assistant',
    status,
    type: 'message',
  });
  const at = { content_index: 0, item_id: ids.item, output_index: 0 };
  const open = (): void => {
    startEventStream(exchange);
    write('response.created', { response: responseObject(ids, request, 'in_progress') });
    write('response.in_progress', { response: responseObject(ids, request, 'in_progress') });
    write('response.output_item.added', { item: item('in_progress', []), output_index: 0 });
    write('response.content_part.added', { ...at, part: textPart('') });
  };
  generate(state, exchange, {
    model,
    request,
    output,
    onToken(piece, index) {
      if (!request.stream) return;
      if (index === 0) open();
      write('response.output_text.delta', { ...at, delta: piece, logprobs: [] });
    },
    onDone(stats) {
      const done = item('completed', [textPart(output.text)]);
      const whole = {
        ...responseObject(ids, request, 'completed'),
        completed_at: Math.floor(Date.now() / 1000),
        output: [done],
        usage: usage(stats),
      };
      if (!request.stream) return sendJson(exchange, 200, whole, JSON_PLAIN);
      write('response.output_text.done', { ...at, logprobs: [], text: output.text });
      write('response.content_part.done', { ...at, part: textPart(output.text) });
      write('response.output_item.done', { item: done, output_index: 0 });
      write('response.completed', { response: whole });
      exchange.end();
    },
    onQueueFull: () => sendFailure(exchange, state, 'openai', QUEUE_FULL),
  });
}

function textPart(text: string): JsonObject {
  return { annotations: [], logprobs: [], text, type: 'output_text' };
}

function sixDigits(state: ServerState): number {
  return 100_000 + Math.floor(state.random() * 900_000);
}

function responseObject(
  ids: { response: string; createdAt: number },
  request: GenerationRequest,
  status: string,
): JsonObject {
  return {
    background: false,
    completed_at: null,
    created_at: ids.createdAt,
    error: null,
    frequency_penalty: 0,
    id: ids.response,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: request.maxTokens ?? null,
    max_tool_calls: null,
    metadata: {},
    model: request.model,
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

function usage(stats: JobStats): JsonObject {
  return {
    input_tokens: stats.promptTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: stats.outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: stats.promptTokens + stats.outputTokens,
  };
}
