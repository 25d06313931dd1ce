import { randomId } from '../../physics/random.ts';
import type { Body } from '../../text/ask.ts';
import type { Dialect, Reply } from './dialect.ts';
import { timings, usage } from './timings.ts';

const BUILD = 'b0-unknown';
const DONE = 'data: [DONE]\n\n';

function event(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** `/v1/chat/completions`: the first chunk holds two events, `[DONE]` has one for itself. */
export const chatDialect: Dialect = {
  whole(reply, stats) {
    const { answer } = reply;
    const calls = answer.toolCalls.map((call) => ({
      type: 'function',
      function: { name: call.name, arguments: call.argsText },
      id: call.id,
    }));
    const message = {
      role: 'assistant',
      content: answer.text,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    return {
      choices: [{ finish_reason: answer.finish, index: 0, message }],
      created: reply.created,
      model: reply.model,
      system_fingerprint: BUILD,
      object: 'chat.completion',
      usage: usage(stats),
      id: newId(reply),
      timings: timings(stats, reply.timeScale),
    };
  },
  stream(reply) {
    const id = newId(reply);
    const frame = (choices: unknown[], extra: Body = {}): string =>
      event({
        choices,
        created: reply.created,
        id,
        model: reply.model,
        system_fingerprint: BUILD,
        object: 'chat.completion.chunk',
        ...extra,
      });
    const delta = (part: Body, finish: string | null = null): unknown[] => [
      { finish_reason: finish, index: 0, delta: part },
    ];
    const call = reply.answer.toolCalls[0];
    const callDelta = (piece: string, index: number): Body => {
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
        const measured = { timings: timings(stats, reply.timeScale) };
        if (!reply.ask.includeUsage) return [frame(delta({}, reply.answer.finish), measured), DONE];
        return [
          frame(delta({}, reply.answer.finish)) + frame([], { usage: usage(stats), ...measured }),
          DONE,
        ];
      },
    };
  },
};

/** `/v1/completions`. */
export const completionDialect: Dialect = {
  whole(reply, stats) {
    const { answer } = reply;
    return {
      choices: [{ text: answer.text, index: 0, logprobs: null, finish_reason: answer.finish }],
      created: reply.created,
      model: reply.model,
      system_fingerprint: BUILD,
      object: 'text_completion',
      usage: usage(stats),
      id: newId(reply),
      timings: timings(stats, reply.timeScale),
    };
  },
  stream(reply) {
    const id = newId(reply);
    const frame = (text: string, finish: string | null, before: Body, after: Body): string =>
      event({
        choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
        created: reply.created,
        model: reply.model,
        system_fingerprint: BUILD,
        object: 'text_completion',
        ...before,
        id,
        ...after,
      });
    return {
      token: (piece) => frame(piece, null, {}, {}),
      end: (stats) => [
        frame('', reply.answer.finish, { usage: usage(stats) }, { timings: timings(stats, reply.timeScale) }),
        DONE,
      ],
    };
  },
};

/** Also of text completions. */
function newId(reply: Reply): string {
  return `chatcmpl-${randomId(reply.random, 32)}`;
}
