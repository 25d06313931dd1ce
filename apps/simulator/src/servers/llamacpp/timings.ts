import type { JobStats } from '../../physics/job.ts';
import type { Body } from '../../text/ask.ts';

/** The `timings` object, in real milliseconds. */
export function timings(stats: JobStats, timeScale: number): Body {
  const fresh = Math.max(1, stats.promptTokens - stats.cachedTokens);
  const promptMs = toMicros(stats.promptMs / timeScale);
  const predictedMs = toMicros(stats.decodeMs / timeScale);
  const steps = Math.max(1, stats.outputTokens - 1);
  return {
    cache_n: stats.cachedTokens,
    prompt_n: fresh,
    prompt_ms: promptMs,
    prompt_per_token_ms: promptMs / fresh,
    prompt_per_second: (fresh / promptMs) * 1000,
    predicted_n: stats.outputTokens,
    predicted_ms: predictedMs,
    predicted_per_token_ms: predictedMs / steps,
    predicted_per_second: (steps / predictedMs) * 1000,
  };
}

/** Never 0, which would make the rates infinite and so `null` in JSON. */
function toMicros(ms: number): number {
  return Math.max(0.001, Math.round(ms * 1000) / 1000);
}

export function usage(stats: JobStats): Body {
  return {
    completion_tokens: stats.outputTokens,
    prompt_tokens: stats.promptTokens,
    total_tokens: stats.promptTokens + stats.outputTokens,
    prompt_tokens_details: { cached_tokens: stats.cachedTokens },
  };
}
