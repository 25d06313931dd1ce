import { randomId } from '../../physics/random.ts';
import type { JobStats } from '../../physics/job.ts';
import type { Body } from '../../text/ask.ts';
import type { Dialect } from './dialect.ts';
import { timings } from './timings.ts';

function event(type: string, fields: Body): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function usage(stats: JobStats): Body {
  return {
    input_tokens: stats.promptTokens,
    output_tokens: stats.outputTokens,
    total_tokens: stats.promptTokens + stats.outputTokens,
    input_tokens_details: { cached_tokens: stats.cachedTokens },
  };
}

/** `/v1/responses`, text answers: the opening events share the first chunk, the closing ones the last. */
export const responsesDialect: Dialect = {
  whole(reply, stats) {
    const content = [{ type: 'output_text', annotations: [], logprobs: [], text: reply.answer.text }];
    return {
      completed_at: reply.created,
      created_at: reply.created,
      id: `resp_${randomId(reply.random, 32)}`,
      model: reply.model,
      object: 'response',
      output: [
        {
          content,
          id: `msg_${randomId(reply.random, 32)}`,
          role: 'assistant',
          status: 'completed',
          type: 'message',
        },
      ],
      status: 'completed',
      usage: usage(stats),
    };
  },
  stream(reply) {
    const id = `resp_${randomId(reply.random, 32)}`;
    const item_id = `msg_${randomId(reply.random, 32)}`;
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
        const { text } = reply.answer;
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
          created_at: reply.created,
          status: 'completed',
          model: reply.model,
          output: [item],
          usage: usage(stats),
        };
        return [
          event('response.output_text.done', { item_id, text }) +
            event('response.content_part.done', { item_id, part }) +
            event('response.output_item.done', { item }) +
            event('response.completed', { response, timings: timings(stats, reply.timeScale) }),
        ];
      },
    };
  },
};
