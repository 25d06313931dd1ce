import type { StreamFormat } from './stream-format.ts';

/**
 * The API of a stream, which decides how a complete stream ends and the form of an error within it. Servers of several
 * types have the same API.
 */
export type StreamDialect = 'openai' | 'anthropic' | 'responses' | 'ollama-api';

/** By the end of the path, which is the same behind every base of an API. */
const SSE_PATHS: readonly (readonly [end: string, dialect: StreamDialect])[] = [
  ['/chat/completions', 'openai'],
  ['/v1/completions', 'openai'],
  ['/v0/completions', 'openai'],
  ['/v1/messages', 'anthropic'],
  ['/v1/responses', 'responses'],
];

/**
 * The dialect of a response that streams text of a model; null for every other response.
 *
 * @param path on the backend, without query
 */
export function streamDialect(method: string, path: string, format: StreamFormat): StreamDialect | null {
  if (method !== 'POST') return null;
  if (format === 'sse') return SSE_PATHS.find(([end]) => path.endsWith(end))?.[1] ?? null;
  if (format === 'ndjson') return path === '/api/chat' || path === '/api/generate' ? 'ollama-api' : null;
  return null;
}
