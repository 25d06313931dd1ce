import type { JobStats } from '../../engine/job.ts';
import { hashText } from '../../engine/random.ts';
import { countTokens } from '../../text/count-tokens.ts';
import type { JsonObject } from '../../text/json-object.ts';
import type { Dialect, ResponseContext } from './dialect.ts';
import { samplingSettings } from './server-info.ts';
import { timings } from './timings.ts';

/** `/completion`, llama.cpp's own API. Its stream has no `[DONE]`. */
export const nativeDialect: Dialect = {
  whole: (context, stats) => finalObject(context, stats, context.output.text),
  stream(context) {
    const promptTokens = countTokens(context.request.promptText);
    return {
      token(piece, index) {
        const value = {
          index: 0,
          content: piece,
          tokens: [hashText(piece) % 32_000],
          stop: false,
          id_slot: -1,
          tokens_predicted: index + 1,
          tokens_evaluated: promptTokens,
        };
        return `data: ${JSON.stringify(value)}\n\n`;
      },
      end: (stats) => [`data: ${JSON.stringify(finalObject(context, stats, ''))}\n\n`],
    };
  },
};

function finalObject(context: ResponseContext, stats: JobStats, content: string): JsonObject {
  const limit = context.request.maxTokens ?? -1;
  return {
    index: 0,
    content,
    tokens: [],
    id_slot: 0,
    stop: true,
    model: context.model,
    tokens_predicted: stats.outputTokens,
    tokens_evaluated: stats.promptTokens,
    generation_settings: samplingSettings(limit, context.request.stream),
    prompt: context.request.promptText,
    has_new_line: context.output.text.includes('\n'),
    truncated: false,
    stop_type: context.output.finish === 'length' ? 'limit' : 'eos',
    stopping_word: '',
    tokens_cached: stats.promptTokens + stats.outputTokens - 1,
    timings: timings(stats, context.timeScale),
  };
}
