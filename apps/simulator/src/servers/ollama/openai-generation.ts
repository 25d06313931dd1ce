import { generate, planAnswer } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Model } from '../../model.ts';
import type { JobStats } from '../../physics/job.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import type { ServerState } from '../../server-state.ts';
import type { Answer } from '../../text/answer.ts';
import { readAsk, type Ask, type Body } from '../../text/ask.ts';
import { contextTooLong, QUEUE_FULL, sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { readRequest } from './read-request.ts';
import { goJson, JSON_PLAIN, sendJson, startStream } from './wire.ts';

type Kind = 'chat' | 'completion';

interface Work {
  readonly ask: Ask;
  readonly model: Model;
  readonly answer: Answer;
  readonly kind: Kind;
  /** The fields that open each object. */
  readonly id: string;
  readonly created: number;
}

/** `/v1/chat/completions` and `/v1/completions`. */
export async function serveOpenAiGeneration(
  exchange: Exchange,
  state: ServerState,
  kind: Kind,
): Promise<void> {
  const fail = (status: number, message: string, early = false): void =>
    sendFailure(exchange, state, 'openai', { status, message, early });
  const read = readRequest(
    await exchange.body(),
    kind === 'chat' ? 'openai.ChatCompletionRequest' : 'openai.CompletionRequest',
    'EOF',
  );
  if ('error' in read) return fail(read.status, read.error, true);
  const ask = readAsk(read.body, 'openai');
  if (kind === 'chat' && (!Array.isArray(read.body['messages']) || read.body['messages'].length === 0)) {
    return fail(400, "[] is too short - 'messages'", true);
  }
  if (ask.model === '') return fail(400, 'model is required');
  const model = findModel(state, ask.model);
  if (model === undefined) return fail(404, `model '${ask.model}' not found`);
  if (model.kind === 'embeddings')
    return fail(400, `"${ask.model}" does not support ${kind === 'chat' ? 'chat' : 'generate'}`);
  const promptTokens = countTokens(ask.promptText);
  if (promptTokens > model.contextTokens)
    return sendFailure(exchange, state, 'openai', contextTooLong(promptTokens, model.contextTokens));
  run(exchange, state, {
    ask,
    model,
    kind,
    answer: planAnswer(state, model, ask),
    id: `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${Math.floor(state.random() * 999)}`,
    created: Math.floor(Date.now() / 1000),
  });
}

function run(exchange: Exchange, state: ServerState, work: Work): void {
  const { ask, model, answer, kind } = work;
  const chunkOf = kind === 'chat' ? chatChunk : completionChunk;
  generate(
    state,
    exchange,
    { model, ask, answer },
    {
      onToken(piece, index) {
        if (!ask.stream || answer.toolCalls.length > 0) return;
        if (!exchange.headSent) startStream(exchange, 'text/event-stream');
        exchange.write(event(chunkOf(work, { content: piece, first: index === 0 })));
      },
      onDone(stats) {
        if (!ask.stream)
          return sendJson(
            exchange,
            200,
            kind === 'chat' ? wholeChat(work, stats) : wholeCompletion(work, stats),
            JSON_PLAIN,
          );
        if (!exchange.headSent) startStream(exchange, 'text/event-stream');
        // Finish, usage and [DONE] leave in one write, a tool call with them.
        let last =
          answer.toolCalls.length > 0
            ? event(chunkOf(work, { content: '', first: true, toolCalls: toolCalls(answer) }))
            : '';
        last += event(chunkOf(work, { finish: answer.finish }));
        if (ask.includeUsage) last += event(usageChunk(work, stats));
        exchange.write(`${last}data: [DONE]\n\n`);
        exchange.end();
      },
      onFail: () => sendFailure(exchange, state, 'openai', QUEUE_FULL),
    },
  );
}

function event(value: unknown): string {
  return `data: ${goJson(value)}\n\n`;
}

interface Part {
  readonly content?: string;
  readonly first?: boolean;
  readonly toolCalls?: unknown[];
  readonly finish?: Answer['finish'];
}

function chatChunk(work: Work, part: Part): Body {
  const delta =
    part.finish !== undefined
      ? {}
      : {
          ...(part.first === true ? { role: 'assistant' } : {}),
          content: part.content,
          ...(part.toolCalls === undefined ? {} : { tool_calls: part.toolCalls }),
        };
  return {
    id: work.id,
    object: 'chat.completion.chunk',
    created: work.created,
    model: work.ask.model,
    system_fingerprint: 'fp_ollama',
    choices: [{ index: 0, delta, finish_reason: part.finish ?? null }],
  };
}

function completionChunk(work: Work, part: Part): Body {
  return {
    id: work.id,
    object: 'text_completion',
    created: work.created,
    choices: [{ text: part.content ?? '', index: 0, finish_reason: part.finish ?? null }],
    model: work.ask.model,
    system_fingerprint: 'fp_ollama',
    ...(work.ask.includeUsage ? { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } } : {}),
  };
}

function usageChunk(work: Work, stats: JobStats): Body {
  const { id, created, kind, ask } = work;
  if (kind === 'completion') {
    return {
      id,
      object: 'text_completion',
      created,
      choices: [],
      model: ask.model,
      system_fingerprint: 'fp_ollama',
      usage: usage(stats),
    };
  }
  return {
    id,
    object: 'chat.completion.chunk',
    created,
    model: ask.model,
    system_fingerprint: 'fp_ollama',
    choices: [],
    usage: usage(stats),
  };
}

function wholeChat(work: Work, stats: JobStats): Body {
  const { answer } = work;
  const calls = answer.toolCalls.length > 0 ? { tool_calls: toolCalls(answer) } : {};
  return {
    id: work.id,
    object: 'chat.completion',
    created: work.created,
    model: work.ask.model,
    system_fingerprint: 'fp_ollama',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer.text, ...calls },
        finish_reason: answer.finish,
      },
    ],
    usage: usage(stats),
  };
}

function wholeCompletion(work: Work, stats: JobStats): Body {
  return {
    id: work.id,
    object: 'text_completion',
    created: work.created,
    model: work.ask.model,
    system_fingerprint: 'fp_ollama',
    choices: [{ text: work.answer.text, index: 0, finish_reason: work.answer.finish }],
    usage: usage(stats),
  };
}

function toolCalls(answer: Answer): unknown[] {
  return answer.toolCalls.map((call, index) => ({
    id: call.id,
    index,
    type: 'function',
    function: { name: call.name, arguments: call.argsText },
  }));
}

function usage(stats: JobStats): Body {
  return {
    prompt_tokens: stats.promptTokens,
    completion_tokens: stats.outputTokens,
    total_tokens: stats.promptTokens + stats.outputTokens,
  };
}
