import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TYPES_BY_WORD } from '@olla/backends/table';
import { stringify } from 'yaml';
import { loadSettings, type LoadOptions } from './load.ts';
import { setAt } from './tree.ts';

const cwd = mkdtempSync(join(tmpdir(), 'olla-config-'));
after(() => rmSync(cwd, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(cwd, name), text);
}

function load(options: Partial<LoadOptions> = {}) {
  const result = loadSettings({ env: {}, cwd, file: 'config.yaml', ...options });
  assert.ok(result.ok, JSON.stringify(result));
  return result;
}

/** Keys that the original's files and documents contain and that it ignores, each with a value that occurs there. */
const HISTORIC: Readonly<Record<string, unknown>> = {
  'server.interactive_cli': true,
  'server.log_level': 'info',
  'server.max_request_size': 10_485_760,
  'proxy.circuit_breaker': { failure_threshold: 5, timeout: '30s', half_open_requests: 3 },
  'proxy.connection_pool': { max_idle_conns: 100, idle_conn_timeout: '90s' },
  'proxy.health_check_timeout': '5s',
  'proxy.idle_conn_timeout': '90s',
  'proxy.idle_timeout': '90s',
  'proxy.max_connections_per_endpoint': 100,
  'proxy.max_conns_per_host': 50,
  'proxy.max_idle_conns': 200,
  'proxy.timeout': '300s',
  'proxy.write_timeout': '30s',
  'discovery.consul': { address: 'localhost:8500', service_name: 'ollama' },
  'discovery.enabled': true,
  'discovery.endpoints': [{ name: 'small-gpu', max_connections: 10 }],
  'discovery.etcd': { endpoints: ['localhost:2379'], key_prefix: '/ollama/endpoints' },
  'discovery.interval': '30s',
  'model_registry.unification.cache_ttl': '10m',
  'model_registry.unification.custom_rules': [
    { platform: 'ollama', name_patterns: { 'llama3.*': 'llama3' } },
  ],
  'model_registry.unification.enabled': true,
  'translators.anthropic.default_max_tokens': 4096,
  'translators.anthropic.stream_async': false,
  'translators.anthropic.system_message_handling': 'prepend',
  'translators.anthropic.version': '2023-06-01',
  'translators.openai': { enabled: true },
  'engineering.endpoint_degraded_minimum_requests': 10,
  'engineering.endpoint_degraded_success_rate_threshold': 80,
  allowed_models: ['qwen3-14b-awq'],
  circuit_breaker: { failure_threshold: 3, recovery_timeout: '15s' },
  endpoints: [{ name: 'existing', url: 'http://llm:8080' }],
  health: { interval: '10s', timeout: '5s', threshold: 3 },
  platforms: { ollama: { timeout: '5m' } },
  plugins: { directory: './plugins', enabled: [] },
  profiles: { vllm: { streaming: { enabled: true, buffer_size: 16_384 }, timeouts: { dial: '10s' } } },
  security: {
    rate_limit: { enabled: true, requests_per_minute: 100, burst: 50 },
    tls: { key_file: '${NO_SUCH}' },
  },
  telemetry: { metrics: { enabled: true, address: ':9090' }, tracing: { sample_rate: 0.1 } },
  unification: { refresh_interval: '5m', similarity_threshold: 0.7 },
};

const HISTORIC_OF_ENDPOINTS: Readonly<Record<string, unknown>> = {
  circuit_breaker_timeout: '2000s',
  enabled: true,
  health_check: { enabled: true, interval: '30s', timeout: '5s' },
  platform: 'ollama',
  tags: { hardware: 'npu', location: 'office' },
};

describe('loading a file that was written for the original', () => {
  test('names each key of its history in a notice with its place, and loads the other keys', () => {
    const endpoint = { url: 'http://gpu:8000', priority: 7, ...HISTORIC_OF_ENDPOINTS };
    const file = { server: { port: 4242 }, discovery: { static: { endpoints: [endpoint] } } };
    for (const [key, value] of Object.entries(HISTORIC)) setAt(file, key.split('.'), value);
    write('config.yaml', stringify(file));
    const { settings, notices } = load();
    assert.equal(settings.server.port, 4242);
    assert.equal(settings.discovery.static.endpoints[0]?.priority, 7);
    const expected = [
      ...Object.keys(HISTORIC),
      ...Object.keys(HISTORIC_OF_ENDPOINTS).map((key) => `discovery.static.endpoints[0].${key}`),
    ];
    assert.deepEqual(notices.map(({ key }) => key).sort(), expected.sort());
    for (const { code, line, message, key } of notices) {
      assert.equal(code, 'NO_EFFECT', key);
      assert.ok(line !== null && message.startsWith('accepted without effect: '), key);
    }
  });

  test('reports a typo, also one of a key of the history, with the nearest key', () => {
    const cases = {
      'proxy: { load_balancr: priority }': ['proxy.load_balancr', 'load_balancer'],
      'securty: {}': ['securty', null],
      'discovery: { endpoint: [] }': ['discovery.endpoint', null],
    };
    for (const [text, [key, suggestion]] of Object.entries(cases)) {
      write('config.yaml', text);
      const result = loadSettings({ env: {}, cwd, file: 'config.yaml' });
      assert.ok(!result.ok, text);
      assert.deepEqual(
        result.problems.map((problem) => [problem.code, problem.key, problem.suggestion]),
        [['UNKNOWN_KEY', key, suggestion]],
      );
    }
  });

  test('ignores sections of its own, x-…, that hold anchors', () => {
    write(
      'config.yaml',
      'x-common: &common { check_interval: 7s }\ndiscovery: { static: { endpoints: [{ <<: *common, url: "http://a" }] } }',
    );
    const { settings, notices } = load();
    assert.equal(settings.discovery.static.endpoints[0]?.check_interval, 7_000);
    assert.deepEqual(notices, []);
  });

  test('makes names of host and port for endpoints without one, each once', () => {
    const urls = ['http://gpu:8000', 'http://gpu:8000/v1', 'https://api.example.com', 'http://[::1]:11434'];
    const named = `{ url: 'http://x', name: 'gpu:8000-2' }`;
    const list = [...urls.map((url) => `{ url: '${url}' }`), named].join(', ');
    write('config.yaml', `discovery: { static: { endpoints: [${list}] } }`);
    const { endpoints } = load().settings.discovery.static;
    assert.deepEqual(
      endpoints.map(({ name, type }) => [name, type]),
      [
        ['gpu:8000', 'auto'],
        ['gpu:8000-3', 'auto'],
        ['api.example.com:443', 'auto'],
        ['[::1]:11434', 'auto'],
        ['gpu:8000-2', 'auto'],
      ],
    );
  });

  test('takes every route prefix for a type', () => {
    const words = [...TYPES_BY_WORD.keys(), 'auto'];
    const list = words.map((word) => `{ url: 'http://x', name: '${word}', type: '${word}' }`).join(', ');
    write('config.yaml', `discovery: { static: { endpoints: [${list}] } }`);
    for (const { name, type } of load().settings.discovery.static.endpoints)
      assert.equal(type, TYPES_BY_WORD.get(name) ?? 'auto', name);
  });

  test('reads the words of a choice in any case, with _ or - between them', () => {
    const endpoint = `{ url: 'http://x', name: a, type: LM_Studio, auth: { type: Bearer, token: T } }`;
    write(
      'config.yaml',
      `proxy: { engine: Olla, load_balancer: Round_Robin, sticky_sessions: { key_sources: [IP, Auth-Header] } }
model_registry: { routing_strategy: { type: STRICT, options: { fallback_behavior: Compatible-Only } } }
logging: { level: WARNING, format: JSON }
discovery: { type: STATIC, static: { endpoints: [${endpoint}] } }
`,
    );
    const { settings } = load({ env: { OLLA_LOGGING_FORMAT: 'Text' } });
    const { proxy, model_registry, logging, discovery } = settings;
    const { options, type } = model_registry.routing_strategy;
    assert.equal(proxy.load_balancer, 'round-robin');
    assert.deepEqual(proxy.sticky_sessions.key_sources, ['ip', 'auth_header']);
    assert.deepEqual([type, options.fallback_behavior], ['strict', 'compatible_only']);
    assert.deepEqual([logging.level, logging.format], ['warn', 'text']);
    assert.deepEqual(
      discovery.static.endpoints.map((one) => [one.type, one.auth?.type]),
      [['lm-studio', 'bearer']],
    );
    write('config.yaml', 'proxy: { load_balancer: least_conn }');
    assert.equal(load().settings.proxy.load_balancer, 'least-connections');
  });

  test('reads booleans and whole numbers as YAML of the original does', () => {
    write(
      'config.yaml',
      'server: { request_logging: off, port: 40_200, rate_limits: { trust_proxy_headers: Y, burst_size: 0x10 }, request_limits: { max_body_size: 1_048_576 } }',
    );
    const { server } = load().settings;
    assert.deepEqual(
      [server.request_logging, server.port, server.rate_limits.trust_proxy_headers],
      [false, 40_200, true],
    );
    assert.deepEqual([server.rate_limits.burst_size, server.request_limits.max_body_size], [16, 1_048_576]);
  });

  test('reads files with a byte order mark, Windows line ends and UTF-16', () => {
    const text = 'server:\r\n  port: 4242 # für alle\r\n  host: ü\r\n';
    const little = Buffer.from(text, 'utf16le');
    const files: Record<string, Buffer> = {
      'UTF-8': Buffer.from(text),
      'UTF-8 with a mark': Buffer.from(`\ufeff${text}`),
      'UTF-16 LE': Buffer.from(`\ufeff${text}`, 'utf16le'),
      'UTF-16 LE without a mark': little,
      'UTF-16 BE': Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
      'UTF-16 BE without a mark': Buffer.from(text, 'utf16le').swap16(),
    };
    for (const [name, bytes] of Object.entries(files)) {
      writeFileSync(join(cwd, 'config.yaml'), bytes);
      const { settings, origins } = load();
      assert.deepEqual([settings.server.port, settings.server.host], [4242, 'ü'], name);
      assert.equal(origins['server.port'], 'config.yaml:2:9', name);
    }
  });

  test('reads a number as nanoseconds, and refuses one that is less than a millisecond', () => {
    write('config.yaml', 'server: { read_timeout: 30000000000, shutdown_timeout: 0 }');
    assert.deepEqual(load().settings.server.read_timeout, 30_000);
    write('config.yaml', 'server: { read_timeout: 30 }');
    assert.equal(loadSettings({ env: {}, cwd, file: 'config.yaml' }).ok, false);
  });

  test('takes origins with one *', () => {
    const origins = [
      'https://*.example.com',
      'http://localhost:*',
      'app://obsidian.md*',
      'https://a.example/',
    ];
    write('config.yaml', stringify({ server: { cors: { allowed_origins: origins } } }));
    assert.deepEqual(load().settings.server.cors.allowed_origins, [
      ...origins.slice(0, 3),
      'https://a.example',
    ]);
    write('config.yaml', stringify({ server: { cors: { allowed_origins: ['https://*.*.example'] } } }));
    assert.equal(loadSettings({ env: {}, cwd, file: 'config.yaml' }).ok, false);
  });

  test('takes a file without a key for the defaults', () => {
    for (const text of ['', '\n', '---\n', '# nothing\n', '\ufeff', '{}', 'null']) {
      write('config.yaml', text);
      assert.equal(load().settings.server.port, 40_114, JSON.stringify(text));
    }
  });
});
