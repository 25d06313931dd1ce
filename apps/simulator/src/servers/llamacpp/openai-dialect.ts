import type { JobStats } from '../../engine/job.ts';
import { randomId } from '../../engine/random.ts';
import type { JsonObject } from '../../text/json-object.ts';
import type { Dialect, ResponseContext } from './dialect.ts';
import { timings, usage } from './timings.ts';

const BUILD = 'b0-unknown';
const DONE = 'data: [DONE]\n\n';

function event(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** `/v1/chat/completions`. The first chunk holds two events, and `[DONE]` has a chunk of its own. */
export const chatDialect: Dialect = {
  whole(context, stats) {
    const { output } = context;
    const calls = output.toolCalls.map((call) => ({
      type: 'function',
      function: { name: call.name, arguments: call.argsText },
      id: call.id,
    }));
    const message = {
      role: 'assistant',
      content: output.text,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    return {
      choices: [{ finish_reason: output.finish, index: 0, message }],
      created: context.created,
      model: context.model,
      system_fingerprint: BUILD,
      object: 'chat.completion',
      usage: usage(stats),
      id: newId(context),
      timings: timings(stats, context.timeScale),
    };
  },
  stream(context) {
    const id = newId(context);
    const frame = (choices: unknown[], extra: JsonObject = {}): string =>
      event({
        choices,
        created: context.created,
        id,
        model: context.model,
        system_fingerprint: BUILD,
        object: 'chat.completion.chunk',
        ...extra,
      });
    const delta = (part: JsonObject, finish: string | null = null): unknown[] => [
      { finish_reason: finish, index: 0, delta: part },
    ];
    const call = context.output.toolCalls[0];
    const callDelta = (piece: string, index: number): JsonObject => {
      if (index > 0 || call === undefined)
        return { tool_calls: [{ index: 0, function: { arguments: piece } }] };
      return {
        tool_calls: [
          { index: 0, id: call.id, type: 'function', function: { name: call.name, arguments: piece } },
        ],
      };
    };
    return {
      token(piece, index) {
        const role = index === 0 ? frame(delta({ role: 'assistant', content: null })) : '';
        return role + frame(delta(call === undefined ? { content: piece } : callDelta(piece, index)));
      },
      end(stats) {
        const measured = { timings: timings(stats, context.timeScale) };
        if (!context.request.includeUsage) return [frame(delta({}, context.output.finish), measured), DONE];
        return [
          frame(delta({}, context.output.finish)) + frame([], { usage: usage(stats), ...measured }),
          DONE,
        ];
      },
    };
  },
};

/** `/v1/completions`. */
export const completionDialect: Dialect = {
  whole(context, stats) {
    const { output } = context;
    return {
      choices: [{ text: output.text, index: 0, logprobs: null, finish_reason: output.finish }],
      created: context.created,
      model: context.model,
      system_fingerprint: BUILD,
      object: 'text_completion',
      usage: usage(stats),
      id: newId(context),
      timings: timings(stats, context.timeScale),
    };
  },
  stream(context) {
    const id = newId(context);
    const frame = (text: string, finish: string | null, stats?: JobStats): string =>
      event({
        choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
        created: context.created,
        model: context.model,
        system_fingerprint: BUILD,
        object: 'text_completion',
        ...(stats === undefined ? {} : { usage: usage(stats) }),
        id,
        ...(stats === undefined ? {} : { timings: timings(stats, context.timeScale) }),
      });
    return {
      token: (piece) => frame(piece, null),
      end: (stats) => [frame('', context.output.finish, stats), DONE],
    };
  },
};

/** llama.cpp uses this prefix for text completions too. */
function newId(context: ResponseContext): string {
  return `chatcmpl-${randomId(context.random, 32)}`;
}
