/** A line of the contract's page. A test in one of the files contract-*.test.ts has the line as its title. */
export interface ContractLine {
  readonly section: string;
  readonly line: string;
  /** Further test files of this folder that cover more cases. */
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
    ['/internal/health', 'internal.test.ts'],
    ['/internal/status', 'internal.test.ts'],
    ['/internal/process', 'internal.test.ts'],
  ]),
  ...section('Unified models API', [['/olla/models', 'models.test.ts']]),
  ...section('Ollama API', [
    ['/olla/ollama/*', 'providers.test.ts', 'management.test.ts'],
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
    ['No authentication at the proxy level; left to backend services', 'bytes.test.ts'],
  ]),
  ...section('Rate limiting', [
    ['Global requests/minute 1000', 'limits.test.ts'],
    ['Per-IP requests/minute 100', 'limits.test.ts'],
    ['Health endpoint requests/minute 1000', 'limits.test.ts'],
    ['Burst size 50', 'limits.test.ts'],
  ]),
  ...section('Request headers', [
    'Content-Type: application/json for POST requests',
    ['X-Request-ID', 'bytes.test.ts', 'refused-requests.test.ts'],
  ]),
  ...section('Response headers', [
    ['X-Olla-Request-ID on all responses', 'refused-requests.test.ts'],
    'X-Olla-Endpoint',
    'X-Olla-Model',
    'X-Olla-Backend-Type (ollama/lmstudio/openai/vllm)',
    ['X-Olla-Response-Time (trailer)', 'bytes.test.ts'],
  ]),
  ...section('Error responses', [
    '200 Success',
    ['400 Bad Request', 'bad-input.test.ts', 'refused-requests.test.ts'],
    '404 Not Found',
    ['429 Rate Limit Exceeded', 'limits.test.ts'],
    '500 Internal Server Error',
    ['502 Bad Gateway', 'broken-answers.test.ts', 'failover.test.ts'],
    ['503 Service Unavailable', 'refused-requests.test.ts'],
    ['{"error":{"message","type","code"}}', 'refused-requests.test.ts', 'broken-answers.test.ts'],
  ]),
  ...section('Streaming responses', [
    ['Content-Type: text/event-stream for SSE streams', 'streaming.test.ts', 'broken-answers.test.ts'],
    ['Transfer-Encoding: chunked for HTTP streaming', 'streaming.test.ts'],
    ['Line-delimited JSON for data chunks', 'broken-answers.test.ts'],
  ]),
  ...section('CORS support', [
    'Access-Control-Allow-Origin: *',
    'Access-Control-Allow-Methods: GET, POST, OPTIONS',
    'Access-Control-Allow-Headers: Content-Type, Authorization',
  ]),
];
