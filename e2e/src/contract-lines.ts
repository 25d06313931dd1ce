/** A line of the contract's page. A test in one of the files contract-*.test.ts has the line as its title. */
export interface ContractLine {
  readonly section: string;
  readonly line: string;
  /** Further test files that cover more cases: of this folder, or of the gateway where `in-process/` precedes. */
  readonly also?: readonly string[];
}

const section = (
  name: string,
  lines: readonly (string | [line: string, ...also: string[]])[],
): ContractLine[] =>
  lines.map((entry) => {
    if (typeof entry === 'string') return { section: name, line: entry };
    const [line, ...also] = entry;
    return { section: name, line, also };
  });

/** The lines of the contract's page that describe the gateway, in its order. */
export const CONTRACT_LINES: readonly ContractLine[] = [
  ...section('Base URL', ['http://localhost:40114', 'JSON responses unless otherwise specified']),
  ...section('System endpoints', [
    ['/internal/health', 'in-process/system-endpoints.test.ts'],
    ['/internal/status', 'in-process/system-endpoints.test.ts', 'in-process/openapi.test.ts'],
    ['/internal/process', 'in-process/openapi.test.ts'],
  ]),
  ...section('Unified models API', [['/olla/models', 'in-process/listings.test.ts']]),
  ...section('Ollama API', [
    ['/olla/ollama/*', 'providers.test.ts', 'management.test.ts', 'in-process/management.test.ts'],
    ['Ollama: OpenAI-compatible endpoints included', 'providers.test.ts'],
  ]),
  ...section('LM Studio API', [
    ['/olla/lmstudio/*', 'providers.test.ts'],
    ['/olla/lm-studio/*', 'providers.test.ts'],
    ['/olla/lm_studio/*', 'providers.test.ts'],
  ]),
  ...section('OpenAI API', [['/olla/openai/*', 'providers.test.ts']]),
  ...section('vLLM API', [['/olla/vllm/*', 'providers.test.ts']]),
  ...section('Authentication', [
    ['No authentication at the proxy level; left to backend services', 'in-process/request-headers.test.ts'],
  ]),
  ...section('Rate limiting', [
    ['Global requests/minute 1000', 'limits.test.ts', 'in-process/limits.test.ts'],
    [
      'Per-IP requests/minute 100',
      'limits.test.ts',
      'in-process/limits.test.ts',
      'in-process/client-address.test.ts',
    ],
    ['Health endpoint requests/minute 1000', 'in-process/limits.test.ts'],
    ['Burst size 50', 'limits.test.ts', 'in-process/limits.test.ts'],
  ]),
  ...section('Request headers', [
    'Content-Type: application/json for POST requests',
    ['X-Request-ID', 'in-process/request-headers.test.ts', 'in-process/parser-refusals.test.ts'],
  ]),
  ...section('Response headers', [
    ['X-Olla-Request-ID on all responses', 'in-process/parser-refusals.test.ts'],
    'X-Olla-Endpoint',
    'X-Olla-Model',
    'X-Olla-Backend-Type (ollama/lmstudio/openai/vllm)',
    ['X-Olla-Response-Time (trailer)', 'in-process/relay.test.ts'],
  ]),
  ...section('Error responses', [
    '200 Success',
    ['400 Bad Request', 'in-process/read-body.test.ts', 'in-process/parser-refusals.test.ts'],
    '404 Not Found',
    ['429 Rate Limit Exceeded', 'limits.test.ts', 'in-process/limits.test.ts'],
    '500 Internal Server Error',
    ['502 Bad Gateway', 'in-process/failover.test.ts', 'client-errors.test.ts'],
    ['503 Service Unavailable', 'in-process/planning.test.ts', 'in-process/read-body.test.ts'],
    [
      '{"error":{"message","type","code"}}',
      'in-process/parser-refusals.test.ts',
      'in-process/failover.test.ts',
    ],
  ]),
  ...section('Streaming responses', [
    [
      'Content-Type: text/event-stream for SSE streams',
      'in-process/relay.test.ts',
      'in-process/broken-responses.test.ts',
    ],
    ['Transfer-Encoding: chunked for HTTP streaming', 'in-process/relay.test.ts'],
    ['Line-delimited JSON for data chunks', 'in-process/broken-responses.test.ts'],
  ]),
  ...section('CORS support', [
    ['Access-Control-Allow-Origin: *', 'in-process/cors.test.ts'],
    ['Access-Control-Allow-Methods: GET, POST, OPTIONS', 'in-process/cors.test.ts'],
    ['Access-Control-Allow-Headers: Content-Type, Authorization', 'in-process/cors.test.ts'],
  ]),
];
