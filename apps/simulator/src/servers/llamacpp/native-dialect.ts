import { hashText } from '../../physics/random.ts';
import type { JobStats } from '../../physics/job.ts';
import type { Body } from '../../text/ask.ts';
import type { Dialect, Reply } from './dialect.ts';
import { samplingSettings } from './server-facts.ts';
import { timings } from './timings.ts';

/** `/completion`, llama.cpp's own API; its stream has no `[DONE]`. */
export const nativeDialect: Dialect = {
  whole: (reply, stats) => closing(reply, stats, reply.answer.text),
  stream(reply) {
    let evaluated = 0;
    return {
      token(piece, index) {
        evaluated ||= Math.max(1, Math.ceil(reply.ask.promptText.length / 4));
        const value = {
          index: 0,
          content: piece,
          tokens: [hashText(piece) % 32_000],
          stop: false,
          id_slot: -1,
          tokens_predicted: index + 1,
          tokens_evaluated: evaluated,
        };
        return `data: ${JSON.stringify(value)}\n\n`;
      },
      end: (stats) => [`data: ${JSON.stringify(closing(reply, stats, ''))}\n\n`],
    };
  },
};

function closing(reply: Reply, stats: JobStats, content: string): Body {
  const limit = reply.ask.maxTokens ?? -1;
  return {
    index: 0,
    content,
    tokens: [],
    id_slot: 0,
    stop: true,
    model: reply.model,
    tokens_predicted: stats.outputTokens,
    tokens_evaluated: stats.promptTokens,
    generation_settings: samplingSettings(limit, reply.ask.stream),
    prompt: reply.ask.promptText,
    has_new_line: reply.answer.text.includes('\n'),
    truncated: false,
    stop_type: reply.answer.finish === 'length' ? 'limit' : 'eos',
    stopping_word: '',
    tokens_cached: stats.promptTokens + stats.outputTokens - 1,
    timings: timings(stats, reply.timeScale),
  };
}
