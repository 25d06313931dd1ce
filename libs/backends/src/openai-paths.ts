import type { PathRule } from './path-rule.ts';

/** Paths with a JSON body in OpenAI's API, and additions of servers. */
export const OPENAI_JSON_PATHS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/rerank',
  '/v1/score',
  '/v1/images/generations',
  '/v1/audio/speech',
  '/v1/moderations',
] as const;

/** Inference and reading in the APIs of OpenAI and Anthropic, and additions of servers. */
export const OPENAI_USE: readonly PathRule[] = [
  'GET /v1/models',
  'GET /v1/models/**',
  ...OPENAI_JSON_PATHS.map((path) => `POST ${path}`),
  'POST /v1/chat/completions/input_tokens',
  'POST /v1/responses/compact',
  'POST /v1/responses/input_tokens',
  'GET /v1/responses/*',
  'GET /v1/responses/*/input_items',
  'POST /v1/responses/*/cancel',
  'POST /v1/edits',
  'POST /v1/fim/completions',
  'POST /v1/ocr',
  'POST /v1/classify',
  'POST /v1/pooling',
  'POST /v1/reranking',
  'POST /v1/tokenize',
  'POST /v1/detokenize',
  'POST /v1/images/edits',
  'POST /v1/images/variations',
  'POST /v1/audio/transcriptions',
  'POST /v1/audio/translations',
  'GET /v1/audio/voices',
  'POST /v1/videos',
  'GET /v1/videos/*',
  'GET /v1/videos/*/content',
  'POST /v1/messages',
  'POST /v1/messages/count_tokens',
];

/** Keys, accounts and models of a provider. */
export const OPENAI_MANAGEMENT: readonly PathRule[] = [
  'DELETE /v1/models/**',
  '/v1/organization',
  '/v1/organization/**',
  '/v1/realtime/client_secrets',
  '/v1/realtime/sessions',
  '/v1/realtime/transcription_sessions',
  '/v1/keys',
  '/v1/keys/**',
  '/v1/auth/**',
];

/** The rules behind another base than `/v1`, such as `/api/v1`. */
export function behindBase(base: string, rules: readonly PathRule[]): PathRule[] {
  return rules.map((rule) => rule.replace('/', `${base}/`));
}

/** The rules, and the same without a leading `/v1`, which some servers let clients leave out. */
export function withAndWithoutVersion(rules: readonly PathRule[]): PathRule[] {
  return rules.flatMap((rule) => [rule, rule.replace('/v1/', '/')]);
}
