import { randomId } from '../../physics/random.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import type { Dialect } from './dialect.ts';

function event(value: { type: string }): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
}

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const;

/** `/v1/messages`: the opening events share a chunk, and so do the closing ones. */
export const messagesDialect: Dialect = {
  whole(reply, stats) {
    const { answer } = reply;
    const content =
      answer.toolCalls.length === 0
        ? [{ type: 'text', text: answer.text }]
        : answer.toolCalls.map((call) => ({
            type: 'tool_use',
            id: call.id,
            name: call.name,
            input: call.args,
          }));
    return {
      id: `chatcmpl-${randomId(reply.random, 32)}`,
      type: 'message',
      role: 'assistant',
      content,
      model: reply.model,
      stop_reason: STOP_REASONS[answer.finish],
      stop_sequence: null,
      usage: {
        cache_read_input_tokens: stats.cachedTokens,
        input_tokens: stats.promptTokens - stats.cachedTokens,
        output_tokens: stats.outputTokens,
      },
    };
  },
  stream(reply) {
    const [call] = reply.answer.toolCalls;
    const message = {
      id: `chatcmpl-${randomId(reply.random, 32)}`,
      type: 'message',
      role: 'assistant',
      content: [],
      model: reply.model,
      stop_reason: null,
      stop_sequence: null,
      usage: {
        cache_read_input_tokens: 0,
        input_tokens: countTokens(reply.ask.promptText),
        output_tokens: 0,
      },
    };
    const block =
      call === undefined ? { type: 'text', text: '' } : { type: 'tool_use', id: call.id, name: call.name };
    const delta = (piece: string): unknown =>
      call === undefined
        ? { type: 'text_delta', text: piece }
        : { type: 'input_json_delta', partial_json: piece };
    return {
      token(piece, index) {
        const open =
          index > 0
            ? ''
            : event({ type: 'message_start', message } as { type: string }) +
              event({ type: 'content_block_start', index: 0, content_block: block } as { type: string });
        return (
          open + event({ type: 'content_block_delta', index: 0, delta: delta(piece) } as { type: string })
        );
      },
      end: (stats) => [
        event({ type: 'content_block_stop', index: 0 } as { type: string }) +
          event({
            type: 'message_delta',
            delta: { stop_reason: STOP_REASONS[reply.answer.finish], stop_sequence: null },
            usage: { output_tokens: stats.outputTokens },
          } as { type: string }) +
          event({ type: 'message_stop' }),
      ],
    };
  },
};
