import type { JobStats } from '../../engine/job.ts';
import { randomId } from '../../engine/random.ts';
import type { JsonObject } from '../../text/json-object.ts';
import type { Dialect } from './dialect.ts';
import { timings } from './timings.ts';

function event(type: string, fields: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function usage(stats: JobStats): JsonObject {
  return {
    input_tokens: stats.promptTokens,
    output_tokens: stats.outputTokens,
    total_tokens: stats.promptTokens + stats.outputTokens,
    input_tokens_details: { cached_tokens: stats.cachedTokens },
  };
}

/** `/v1/responses` with text output. The events before the first piece share its chunk, and the last share another. */
export const responsesDialect: Dialect = {
  whole(context, stats) {
    const content = [{ type: 'output_text', annotations: [], logprobs: [], text: context.output.text }];
    return {
      completed_at: context.created,
      created_at: context.created,
      id: `resp_${randomId(context.random, 32)}`,
      model: context.model,
      object: 'response',
      output: [
        {
          content,
          id: `msg_${randomId(context.random, 32)}`,
          role: 'assistant',
          status: 'completed',
          type: 'message',
        },
      ],
      status: 'completed',
      usage: usage(stats),
    };
  },
  stream(context) {
    const id = `resp_${randomId(context.random, 32)}`;
    const item_id = `msg_${randomId(context.random, 32)}`;
    const started = { response: { id, object: 'response', status: 'in_progress' } };
    const opening = (): string =>
      event('response.created', started) +
      event('response.in_progress', started) +
      event('response.output_item.added', {
        item: { content: [], id: item_id, role: 'assistant', status: 'in_progress', type: 'message' },
      }) +
      event('response.content_part.added', { item_id, part: { type: 'output_text', text: '' } });
    return {
      token: (delta, index) =>
        (index === 0 ? opening() : '') + event('response.output_text.delta', { item_id, delta }),
      end(stats) {
        const { text } = context.output;
        const part = { type: 'output_text', annotations: [], logprobs: [], text };
        const item = {
          type: 'message',
          status: 'completed',
          id: item_id,
          content: [part],
          role: 'assistant',
        };
        const response = {
          id,
          object: 'response',
          created_at: context.created,
          status: 'completed',
          model: context.model,
          output: [item],
          usage: usage(stats),
        };
        return [
          event('response.output_text.done', { item_id, text }) +
            event('response.content_part.done', { item_id, part }) +
            event('response.output_item.done', { item }) +
            event('response.completed', { response, timings: timings(stats, context.timeScale) }),
        ];
      },
    };
  },
};
