import type { JobStats } from '../../engine/job.ts';
import type { JsonObject } from '../../text/json-object.ts';

/** The `timings` object of a response, in real milliseconds. */
export function timings(stats: JobStats, timeScale: number): JsonObject {
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

/** Rounds to microseconds, at least one: a duration of 0 makes the rates infinite, which is `null` in JSON. */
function toMicros(ms: number): number {
  return Math.max(0.001, Math.round(ms * 1000) / 1000);
}

export function usage(stats: JobStats): JsonObject {
  return {
    completion_tokens: stats.outputTokens,
    prompt_tokens: stats.promptTokens,
    total_tokens: stats.promptTokens + stats.outputTokens,
    prompt_tokens_details: { cached_tokens: stats.cachedTokens },
  };
}
