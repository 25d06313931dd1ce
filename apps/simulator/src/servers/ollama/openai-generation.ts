import type { JobStats } from '../../engine/job.ts';
import { generate, planOutput } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Model } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';
import { countTokens } from '../../text/count-tokens.ts';
import { readGenerationRequest, type GenerationRequest } from '../../text/generation-request.ts';
import type { JsonObject } from '../../text/json-object.ts';
import type { ModelOutput } from '../../text/model-output.ts';
import { contextTooLong, QUEUE_FULL, sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { readRequest } from './read-request.ts';
import { goJson, JSON_PLAIN, sendJson, startStream } from './send.ts';

type Api = 'chat' | 'completion';

interface ResponseContext {
  readonly request: GenerationRequest;
  readonly model: Model;
  readonly output: ModelOutput;
  readonly api: Api;
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** Serves `/v1/chat/completions` and `/v1/completions`. */
export async function serveOpenAiGeneration(exchange: Exchange, state: ServerState, api: Api): Promise<void> {
  const fail = (status: number, message: string, early = false): void =>
    sendFailure(exchange, state, 'openai', { status, message, early });
  const read = readRequest(
    await exchange.body(),
    api === 'chat' ? 'openai.ChatCompletionRequest' : 'openai.CompletionRequest',
    'EOF',
  );
  if ('error' in read) return fail(read.status, read.error, true);
  const request = readGenerationRequest(read.body, 'openai');
  if (api === 'chat' && (!Array.isArray(read.body['messages']) || read.body['messages'].length === 0)) {
    return fail(400, "[] is too short - 'messages'", true);
  }
  if (request.model === '') return fail(400, 'model is required');
  const model = findModel(state, request.model);
  if (model === undefined) return fail(404, `model '${request.model}' not found`);
  if (model.kind === 'embeddings')
    return fail(400, `"${request.model}" does not support ${api === 'chat' ? 'chat' : 'generate'}`);
  const promptTokens = countTokens(request.promptText);
  if (promptTokens > model.contextTokens)
    return sendFailure(exchange, state, 'openai', contextTooLong(promptTokens, model.contextTokens));
  run(exchange, state, {
    request,
    model,
    api,
    output: planOutput(state, model, request),
    id: `${api === 'chat' ? 'chatcmpl' : 'cmpl'}-${Math.floor(state.random() * 999)}`,
    created: Math.floor(Date.now() / 1000),
  });
}

function run(exchange: Exchange, state: ServerState, context: ResponseContext): void {
  const { request, model, output, api } = context;
  const chunk = api === 'chat' ? chatChunk : completionChunk;
  generate(state, exchange, {
    model,
    request,
    output,
    onToken(piece, index) {
      if (!request.stream || output.toolCalls.length > 0) return;
      if (!exchange.headSent) startStream(exchange, 'text/event-stream');
      exchange.writeChunk(event(chunk(context, { content: piece, first: index === 0 })));
    },
    onDone(stats) {
      if (!request.stream) {
        const whole = api === 'chat' ? wholeChat(context, stats) : wholeCompletion(context, stats);
        return sendJson(exchange, 200, whole, JSON_PLAIN);
      }
      if (!exchange.headSent) startStream(exchange, 'text/event-stream');
      // Ollama writes the tool calls, the finish reason, the usage and [DONE] at once.
      const calls = { content: '', first: true, toolCalls: toolCalls(output) };
      let last = output.toolCalls.length > 0 ? event(chunk(context, calls)) : '';
      last += event(chunk(context, { finish: output.finish }));
      if (request.includeUsage) last += event(usageChunk(context, stats));
      exchange.writeChunk(`${last}data: [DONE]\n\n`);
      exchange.end();
    },
    onQueueFull: () => sendFailure(exchange, state, 'openai', QUEUE_FULL),
  });
}

function event(value: unknown): string {
  return `data: ${goJson(value)}\n\n`;
}

/** What one chunk carries. */
interface ChunkPart {
  readonly content?: string;
  readonly first?: boolean;
  readonly toolCalls?: unknown[];
  readonly finish?: ModelOutput['finish'];
}

function chatChunk(context: ResponseContext, part: ChunkPart): JsonObject {
  const delta =
    part.finish !== undefined
      ? {}
      : {
          ...(part.first === true ? { role: 'assistant' } : {}),
          content: part.content,
          ...(part.toolCalls === undefined ? {} : { tool_calls: part.toolCalls }),
        };
  return {
    id: context.id,
    object: 'chat.completion.chunk',
    created: context.created,
    model: context.request.model,
    system_fingerprint: 'fp_ollama',
    choices: [{ index: 0, delta, finish_reason: part.finish ?? null }],
  };
}

function completionChunk(context: ResponseContext, part: ChunkPart): JsonObject {
  return {
    id: context.id,
    object: 'text_completion',
    created: context.created,
    choices: [{ text: part.content ?? '', index: 0, finish_reason: part.finish ?? null }],
    model: context.request.model,
    system_fingerprint: 'fp_ollama',
    ...(context.request.includeUsage
      ? { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }
      : {}),
  };
}

function usageChunk(context: ResponseContext, stats: JobStats): JsonObject {
  const { id, created, api, request } = context;
  if (api === 'completion') {
    return {
      id,
      object: 'text_completion',
      created,
      choices: [],
      model: request.model,
      system_fingerprint: 'fp_ollama',
      usage: usage(stats),
    };
  }
  return {
    id,
    object: 'chat.completion.chunk',
    created,
    model: request.model,
    system_fingerprint: 'fp_ollama',
    choices: [],
    usage: usage(stats),
  };
}

function wholeChat(context: ResponseContext, stats: JobStats): JsonObject {
  const { output } = context;
  const calls = output.toolCalls.length > 0 ? { tool_calls: toolCalls(output) } : {};
  return {
    id: context.id,
    object: 'chat.completion',
    created: context.created,
    model: context.request.model,
    system_fingerprint: 'fp_ollama',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: output.text, ...calls },
        finish_reason: output.finish,
      },
    ],
    usage: usage(stats),
  };
}

function wholeCompletion(context: ResponseContext, stats: JobStats): JsonObject {
  return {
    id: context.id,
    object: 'text_completion',
    created: context.created,
    model: context.request.model,
    system_fingerprint: 'fp_ollama',
    choices: [{ text: context.output.text, index: 0, finish_reason: context.output.finish }],
    usage: usage(stats),
  };
}

function toolCalls(output: ModelOutput): unknown[] {
  return output.toolCalls.map((call, index) => ({
    id: call.id,
    index,
    type: 'function',
    function: { name: call.name, arguments: call.argsText },
  }));
}

function usage(stats: JobStats): JsonObject {
  return {
    prompt_tokens: stats.promptTokens,
    completion_tokens: stats.outputTokens,
    total_tokens: stats.promptTokens + stats.outputTokens,
  };
}
