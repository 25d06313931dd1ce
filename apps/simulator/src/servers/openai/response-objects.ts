import type { JobStats } from '../../engine/job.ts';
import type { Model } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';
import type { GenerationRequest } from '../../text/generation-request.ts';
import type { JsonObject } from '../../text/json-object.ts';
import type { ModelOutput } from '../../text/model-output.ts';
import type { ApiVariant } from './api-variant.ts';

/** The values that the objects of one response are made of. */
export interface ResponseContext {
  readonly request: GenerationRequest;
  readonly model: Model;
  readonly output: ModelOutput;
  readonly api: 'chat' | 'completion';
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly variant: ApiVariant;
  readonly state: ServerState;
}

/** The event with one piece of text or of a tool call's arguments. */
export function contentChunk(context: ResponseContext, piece: string, index: number): string {
  const { api, output, variant } = context;
  if (api === 'completion') return chunk(context, { text: piece });
  const role = index === 0 && !variant.roleChunk ? { role: 'assistant' } : {};
  const [call] = output.toolCalls;
  if (call === undefined) return chunk(context, { ...role, content: piece });
  const head = index === 0 ? { id: `chatcmpl-tool-${call.id}`, type: 'function' } : {};
  const callee = { ...(index === 0 ? { name: call.name } : {}), arguments: piece };
  return chunk(context, { ...role, tool_calls: [{ ...head, index: 0, function: callee }] });
}

/** An event with one choice. `part` is the delta of a chat, or the fields of a completion's choice. */
export function chunk(context: ResponseContext, part: JsonObject, finish: string | null = null): string {
  const { variant, api } = context;
  const choice = {
    index: 0,
    ...(api === 'chat' ? { delta: part } : part),
    logprobs: null,
    finish_reason: finish,
    ...(finish === null ? {} : variant.choiceExtras),
  };
  return event(context, { choices: [choice] });
}

export function usageChunk(context: ResponseContext, stats: JobStats): string {
  return event(context, { choices: [], usage: usage(stats) });
}

function event(context: ResponseContext, fields: JsonObject): string {
  const value = {
    id: context.id,
    object: context.api === 'chat' ? 'chat.completion.chunk' : 'text_completion',
    created: context.created,
    model: modelName(context),
    ...context.variant.chunkExtras(context.state),
    ...fields,
  };
  return `data: ${JSON.stringify(value)}\n\n`;
}

export function wholeChat(context: ResponseContext, stats: JobStats): JsonObject {
  const { output, variant } = context;
  const calls = output.toolCalls.map((call) => ({
    id: `chatcmpl-tool-${call.id}`,
    type: 'function',
    function: { name: call.name, arguments: call.argsText },
  }));
  const message = {
    role: 'assistant',
    content: calls.length > 0 ? null : output.text,
    ...variant.messageExtras,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return whole(context, stats, { index: 0, message, logprobs: null });
}

export function wholeCompletion(context: ResponseContext, stats: JobStats): JsonObject {
  return whole(context, stats, { index: 0, text: context.output.text, logprobs: null });
}

function whole(context: ResponseContext, stats: JobStats, choice: JsonObject): JsonObject {
  const { output, variant } = context;
  return {
    id: context.id,
    object: context.api === 'chat' ? 'chat.completion' : 'text_completion',
    created: context.created,
    model: modelName(context),
    choices: [{ ...choice, finish_reason: output.finish, ...variant.choiceExtras }],
    usage: usage(stats),
    ...variant.responseExtras(context.state),
  };
}

function modelName({ request, model }: ResponseContext): string {
  return request.model || model.name;
}

function usage(stats: JobStats): JsonObject {
  return {
    prompt_tokens: stats.promptTokens,
    total_tokens: stats.promptTokens + stats.outputTokens,
    completion_tokens: stats.outputTokens,
  };
}
