/**
 * Attributes of OpenTelemetry's GenAI conventions, as text: the conventions are in development, and their constants have
 * left @opentelemetry/semantic-conventions (https://github.com/open-telemetry/semantic-conventions-genai).
 */
export const GEN_AI = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  responseModel: 'gen_ai.response.model',
  /** Seconds since the request was sent. */
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
} as const;

/** Stable attributes of HTTP spans (OpenTelemetry semantic conventions 1.23 and later). */
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

/** The project's own attributes, for which no convention exists. */
export const OLLA = {
  requestId: 'olla.request.id',
  endpoint: 'olla.endpoint',
  retries: 'olla.retries',
  /** The result of a request: ok, failed or cancelled. */
  result: 'olla.result',
  /** The outcome of an attempt: relayed, broken, failed, refused or client_left. */
  attemptOutcome: 'olla.attempt.outcome',
  bytesIn: 'olla.bytes_in',
  bytesOut: 'olla.bytes_out',
} as const;

/** The span event at the first byte of the response body that was relayed. */
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

/** The GenAI operation of a request to an inference API; null for any other request. */
export function operationOf(method: string, path: string): Operation | null {
  if (method !== 'POST') return null;
  return OPERATIONS.find(([suffix]) => path.endsWith(suffix))?.[1] ?? null;
}
