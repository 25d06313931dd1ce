import { randomId } from '../../engine/random.ts';
import { countTokens } from '../../text/count-tokens.ts';
import type { Dialect } from './dialect.ts';

function event(value: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
}

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const;

/** `/v1/messages`. The events before the first piece share its chunk, and the last events share another. */
export const messagesDialect: Dialect = {
  whole(context, stats) {
    const { output } = context;
    const content =
      output.toolCalls.length === 0
        ? [{ type: 'text', text: output.text }]
        : output.toolCalls.map((call) => ({
            type: 'tool_use',
            id: call.id,
            name: call.name,
            input: call.args,
          }));
    return {
      id: `chatcmpl-${randomId(context.random, 32)}`,
      type: 'message',
      role: 'assistant',
      content,
      model: context.model,
      stop_reason: STOP_REASONS[output.finish],
      stop_sequence: null,
      usage: {
        cache_read_input_tokens: stats.cachedTokens,
        input_tokens: stats.promptTokens - stats.cachedTokens,
        output_tokens: stats.outputTokens,
      },
    };
  },
  stream(context) {
    const [call] = context.output.toolCalls;
    const message = {
      id: `chatcmpl-${randomId(context.random, 32)}`,
      type: 'message',
      role: 'assistant',
      content: [],
      model: context.model,
      stop_reason: null,
      stop_sequence: null,
      usage: {
        cache_read_input_tokens: 0,
        input_tokens: countTokens(context.request.promptText),
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
            : event({ type: 'message_start', message }) +
              event({ type: 'content_block_start', index: 0, content_block: block });
        return open + event({ type: 'content_block_delta', index: 0, delta: delta(piece) });
      },
      end: (stats) => [
        event({ type: 'content_block_stop', index: 0 }) +
          event({
            type: 'message_delta',
            delta: { stop_reason: STOP_REASONS[context.output.finish], stop_sequence: null },
            usage: { output_tokens: stats.outputTokens },
          }) +
          event({ type: 'message_stop' }),
      ],
    };
  },
};
