/**
 * Every attribute of our spans, pinned: the GenAI conventions are still in development and their constants have moved
 * out of @opentelemetry/semantic-conventions (https://github.com/open-telemetry/semantic-conventions-genai).
 */
export const GEN_AI = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  responseModel: 'gen_ai.response.model',
  /** Seconds from the sending of the request. */
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
} as const;

/** Stable attributes of HTTP spans, semantic conventions 1.23 and later. */
export const HTTP = {
  method: 'http.request.method',
  resendCount: 'http.request.resend_count',
  route: 'http.route',
  status: 'http.response.status_code',
  clientAddress: 'client.address',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  urlFull: 'url.full',
  urlPath: 'url.path',
  urlScheme: 'url.scheme',
  protocolVersion: 'network.protocol.version',
  errorType: 'error.type',
} as const;

/** What no convention has a name for. */
export const OLLA = {
  requestId: 'olla.request.id',
  endpoint: 'olla.endpoint',
  retries: 'olla.retries',
  /** Of a request: ok, failed, cancelled. */
  result: 'olla.result',
  /** Of an attempt: relayed, broken, failed, refused, client_left. */
  attemptOutcome: 'olla.attempt.outcome',
  bytesIn: 'olla.bytes_in',
  bytesOut: 'olla.bytes_out',
} as const;

/** Event of the attempt whose answer was relayed: its first body byte came. */
export const FIRST_TOKEN_EVENT = 'olla.first_token';

type Operation = 'chat' | 'text_completion' | 'embeddings';

const OPERATIONS: readonly (readonly [suffix: string, operation: Operation])[] = [
  ['/chat/completions', 'chat'],
  ['/api/chat', 'chat'],
  ['/messages', 'chat'],
  ['/responses', 'chat'],
  ['/completions', 'text_completion'],
  ['/completion', 'text_completion'],
  ['/api/generate', 'text_completion'],
  ['/embeddings', 'embeddings'],
  ['/api/embed', 'embeddings'],
];

/** The conventions' name for what a path of an inference API does; null for all that is no inference. */
export function operationOf(method: string, path: string): Operation | null {
  if (method !== 'POST') return null;
  return OPERATIONS.find(([suffix]) => path.endsWith(suffix))?.[1] ?? null;
}
