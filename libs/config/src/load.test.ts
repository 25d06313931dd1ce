import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { DEFAULT_FILES } from './find-file.ts';
import { KEY_ROWS } from './key-table.ts';
import { loadSettings, type LoadOptions } from './load.ts';
import { getAt } from './tree.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'olla-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(cwd, name)), { recursive: true });
  writeFileSync(join(cwd, name), text);
}

function load(options: Partial<LoadOptions> = {}) {
  const result = loadSettings({ env: {}, cwd, ...options });
  assert.ok(result.ok, JSON.stringify(result));
  return result;
}

describe('loadSettings', () => {
  test('returns the defaults when no file, variable or flag sets a key', () => {
    const { settings, source, notices, endpointsGiven } = load();
    assert.equal(source, null);
    assert.deepEqual(notices, []);
    assert.equal(endpointsGiven, false);
    assert.deepEqual(settings.discovery.static.endpoints, []);
    assert.equal(settings.server.port, 40_114);
    assert.equal(settings.server.host, 'localhost');
    assert.equal(settings.server.idle_timeout, 75_000);
    assert.equal(settings.server.cors.enabled, true);
    assert.equal(settings.proxy.response_header_timeout, 600_000);
    assert.equal(settings.proxy.response_timeout, 0);
    assert.equal(settings.proxy.read_timeout, 600_000);
    assert.equal(settings.server.workers, null);
  });

  test('reads the first default file that exists', () => {
    for (const [index, file] of [...DEFAULT_FILES].reverse().entries()) {
      write(file, `server: { port: ${index + 1} }`);
      const { settings, source } = load();
      assert.equal(source, file);
      assert.equal(settings.server.port, index + 1);
    }
  });

  test('prefers the file of the flag to OLLA_CONFIG_FILE, and that to the default files', () => {
    write('config.yaml', 'server: { port: 1 }');
    write('b.yaml', 'server: { port: 2 }');
    write('c.yaml', 'server: { port: 3 }');
    const env = { OLLA_CONFIG_FILE: 'b.yaml' };
    assert.equal(load({ env }).settings.server.port, 2);
    assert.equal(load({ env, file: 'c.yaml' }).settings.server.port, 3);
    assert.equal(load({ env: { OLLA_CONFIG_FILE: '' } }).settings.server.port, 1);
  });

  test('lets flags override variables and variables override the file, and names each as the origin', () => {
    write('config.yaml', 'server:\n  port: 1\n  host: a\n  workers: 1\n');
    const { settings, origins } = load({
      env: { OLLA_SERVER_PORT: '2', OLLA_SERVER_HOST: 'b' },
      flags: { port: '3', redisUrl: 'redis://localhost' },
    });
    assert.equal(settings.server.port, 3);
    assert.equal(settings.server.host, 'b');
    assert.equal(settings.server.workers, 1);
    assert.equal(settings.redis.url, 'redis://localhost');
    assert.deepEqual(origins, {
      'server.host': 'OLLA_SERVER_HOST',
      'server.port': '--port',
      'server.workers': 'config.yaml:4:12',
      'redis.url': '--redis-url',
    });
  });

  const VARIABLES: Readonly<Record<string, readonly [text: string, value: unknown]>> = {
    OLLA_SERVER_HOST: ['::', '::'],
    OLLA_SERVER_PORT: ['8080', 8080],
    OLLA_SERVER_WORKERS: ['2', 2],
    OLLA_SERVER_REQUEST_LOGGING: ['off', false],
    OLLA_SERVER_RESPONSE_TIME_TRAILER: ['TE', 'te'],
    OLLA_SERVER_ALLOWED_HOSTS: ['AI.example.com:443,*.lan.example', ['ai.example.com', '*.lan.example']],
    OLLA_SERVER_READ_TIMEOUT: ['1m', 60_000],
    OLLA_SERVER_READ_HEADER_TIMEOUT: ['2s', 2_000],
    OLLA_SERVER_WRITE_TIMEOUT: ['0s', undefined],
    OLLA_SERVER_MAX_BODY_SIZE: ['50MB', 52_428_800],
    OLLA_SERVER_MAX_HEADER_SIZE: ['1KB', 1024],
    OLLA_SERVER_MAX_PENDING_BYTES: ['1GB', 1_073_741_824],
    OLLA_SERVER_GLOBAL_RATE_LIMIT: ['0', 0],
    OLLA_SERVER_PER_IP_RATE_LIMIT: ['7', 7],
    OLLA_SERVER_RATE_BURST_SIZE: ['5', 5],
    OLLA_SERVER_HEALTH_RATE_LIMIT: ['9', 9],
    OLLA_SERVER_RATE_CLEANUP_INTERVAL: ['1m', undefined],
    OLLA_RATE_LIMIT_ON_STATE_LOSS: ['open', 'open'],
    OLLA_SERVER_TRUST_PROXY_HEADERS: ['true', true],
    OLLA_SERVER_TRUSTED_PROXY_CIDRS: ['10.1.0.0/16, 10.2.0.0/16', ['10.1.0.0/16', '10.2.0.0/16']],
    OLLA_SERVER_CORS_ENABLED: ['0', false],
    OLLA_SERVER_CORS_ALLOWED_ORIGINS: [
      'https://a.example,https://b.example',
      ['https://a.example', 'https://b.example'],
    ],
    OLLA_SERVER_CORS_ALLOWED_METHODS: ['GET', ['GET']],
    OLLA_SERVER_CORS_ALLOWED_HEADERS: ['X-A,X-B', ['X-A', 'X-B']],
    OLLA_SERVER_CORS_EXPOSED_HEADERS: ['X-C', ['X-C']],
    OLLA_SERVER_CORS_ALLOW_CREDENTIALS: ['false', false],
    OLLA_SERVER_CORS_MAX_AGE: ['60', 60],
    OLLA_PROXY_ENGINE: ['olla', undefined],
    OLLA_PROXY_PROFILE: ['auto', undefined],
    OLLA_PROXY_LOAD_BALANCER: ['round-robin', 'round-robin'],
    OLLA_PROXY_CONNECTION_MAX_AGE: ['2m', 120_000],
    OLLA_PROXY_CONNECTION_TIMEOUT: ['1s', 1_000],
    OLLA_PROXY_CONNECTION_KEEP_ALIVE: ['5s', 5_000],
    OLLA_PROXY_RESPONSE_TIMEOUT: ['1h', 3_600_000],
    OLLA_PROXY_READ_TIMEOUT: ['0', 0],
    OLLA_PROXY_RESPONSE_HEADER_TIMEOUT: ['90s', 90_000],
    OLLA_PROXY_TLS_HANDSHAKE_TIMEOUT: ['3s', 3_000],
    OLLA_PROXY_RETRY_STATUSES: ['502,503', [502, 503]],
    OLLA_PROXY_RETRY_MAX_BODY_SIZE: ['1MB', 1_048_576],
    OLLA_PROXY_MODEL_MANAGEMENT: ['no', false],
    OLLA_PROXY_STICKY_SESSIONS_ENABLED: ['TRUE', true],
    OLLA_DISCOVERY_AGENT: ['external', 'external'],
    OLLA_LOGGING_LEVEL: ['warn', 'warn'],
    OLLA_LOG_LEVEL: ['debug', 'debug'],
    OLLA_LOGGING_FORMAT: ['text', 'text'],
    OLLA_PRETTY_LOGS: ['false', 'json'],
    OLLA_LOGGING_OUTPUT: ['file', 'file'],
    OLLA_FILE_OUTPUT: ['true', 'file'],
    OLLA_LOG_DIR: ['/var/log/olla', '/var/log/olla'],
    OLLA_LOG_SIZE_MB: ['5', 5],
    OLLA_LOG_MAX_BACKUPS: ['3', 3],
    OLLA_LOG_MAX_AGE_DAYS: ['0', 0],
    OLLA_SHOW_NERD_STATS: ['true', undefined],
    OLLA_MODEL_REGISTRY_TYPE: ['memory', undefined],
    OLLA_MODEL_UNIFIER_ENABLED: ['true', undefined],
    OLLA_TRANSLATORS_ANTHROPIC_ENABLED: ['true', undefined],
    OLLA_TRANSLATORS_ANTHROPIC_PASSTHROUGH_ENABLED: ['true', undefined],
    OLLA_TRANSLATORS_ANTHROPIC_MAX_MESSAGE_SIZE: ['10MB', undefined],
    OLLA_REDIS_URL: ['rediss://u:p@r.example:6380/2', 'rediss://u:p@r.example:6380/2'],
    OLLA_REDIS_NAME: ['lab', 'lab'],
    OLLA_ADMIN_TOKEN: ['t0ken', 't0ken'],
    OLLA_ADMIN_TOKEN_FILE: ['token', 'token'],
  };

  test('sets a key by each of its environment variables', () => {
    write('token', 'x');
    const rows = KEY_ROWS.flatMap((row) => row.env.map((variable) => ({ row, variable })));
    assert.deepEqual(rows.map(({ variable }) => variable).sort(), Object.keys(VARIABLES).sort());
    for (const { row, variable } of rows) {
      const [text, value] = VARIABLES[variable] ?? [];
      const env = { OLLA_REDIS_URL: 'redis://r', [variable]: text };
      const { settings, notices } = load({ env });
      assert.deepEqual(getAt(settings, row.path), value, variable);
      assert.equal(
        notices.some((notice) => notice.variable === variable),
        row.noEffect !== null,
        variable,
      );
    }
  });

  test('prefers OLLA_LOGGING_LEVEL to OLLA_LOG_LEVEL', () => {
    const env = { OLLA_LOG_LEVEL: 'debug', OLLA_LOGGING_LEVEL: 'error' };
    assert.equal(load({ env }).settings.logging.level, 'error');
  });

  test('ignores an empty variable and a key without a value', () => {
    write('config.yaml', 'server:\n  port:\nproxy:\n');
    assert.equal(load({ env: { OLLA_SERVER_PORT: '' } }).settings.server.port, 40_114);
  });

  test('reports an empty list of endpoints as given', () => {
    write('config.yaml', 'discovery: { static: { endpoints: [] } }');
    assert.equal(load().endpointsGiven, true);
  });

  test('keeps an empty include apart from an absent one', () => {
    const endpoint = (name: string, filter: string) =>
      `{ url: 'http://x', name: ${name}, type: auto, model_filter: ${filter} }`;
    write(
      'config.yaml',
      `discovery: { static: { endpoints: [${endpoint('a', '{ include: [] }')}, ${endpoint('b', '{}')}] } }`,
    );
    const [a, b] = load().settings.discovery.static.endpoints;
    assert.deepEqual(a?.model_filter, { include: [], exclude: [] });
    assert.deepEqual(b?.model_filter, { include: null, exclude: [] });
  });

  test('resolves anchors and merge keys', () => {
    const endpoints =
      '[{ <<: *base, name: a, url: "http://a" }, { <<: *base, name: b, url: "http://b", priority: 3 }]';
    write(
      'config.yaml',
      `discovery: { static: { endpoints: [&base { type: ollama, priority: 7, name: z, url: 'http://z' }, ${endpoints.slice(1)} } }`,
    );
    const list = load().settings.discovery.static.endpoints;
    assert.deepEqual(
      list.map(({ name, priority }) => [name, priority]),
      [
        ['z', 7],
        ['a', 7],
        ['b', 3],
      ],
    );
  });

  test('gives a notice for a loopback endpoint when redis.url is set', () => {
    write(
      'config.yaml',
      "redis: { url: 'redis://r' }\ndiscovery: { static: { endpoints: [{ url: 'http://127.0.0.1:1', name: a, type: ollama }, { url: 'http://gpu:1', name: b, type: ollama }] } }",
    );
    const notices = load().notices.filter(({ code }) => code === 'LOOPBACK_ENDPOINT');
    assert.deepEqual(
      notices.map(({ key, line }) => [key, line]),
      [['discovery.static.endpoints[0].url', 2]],
    );
  });

  test('gives a notice for the path of a URL that is dropped', () => {
    const urls = ['http://a/base', 'http://a/v1', 'http://a/api/paas/v4/', 'http://a/'];
    const list = urls.map((url) => `{ url: '${url}' }`).join(', ');
    write(
      'config.yaml',
      `discovery: { static: { endpoints: [${list}, { url: 'http://b/x', preserve_path: true }] } }`,
    );
    assert.deepEqual(
      load().notices.map(({ code, key, line }) => [code, key, line]),
      [['DROPPED_PATH', 'discovery.static.endpoints[0].url', 1]],
    );
  });

  const OWN_KEY =
    "discovery: { static: { endpoints: [{ url: 'http://a', name: a, auth: { type: bearer, token: x } }, { url: 'http://b', name: b, headers: { X-Api-Key: y } }, { url: 'http://c', name: c, headers: { X-Team: z } }] } }";

  test('gives one notice for endpoints with credentials that every page may use', () => {
    write('config.yaml', OWN_KEY);
    const [notice, ...others] = load().notices;
    assert.deepEqual(
      [notice?.code, notice?.key, others],
      ['LENT_CREDENTIALS', 'server.cors.allowed_origins', []],
    );
    assert.match(notice?.message ?? '', /may use a, b for inference and reading/);
  });

  for (const cors of ['{ enabled: false }', "{ allowed_origins: ['https://ui.example.com'] }"])
    test(`gives no notice for endpoints with credentials under cors: ${cors}`, () => {
      write('config.yaml', `${OWN_KEY}\nserver: { cors: ${cors} }`);
      assert.deepEqual(load().notices, []);
    });

  for (const [given, host] of [
    ['AI.Example.com:8443', 'ai.example.com'],
    ['ai.example.com.', 'ai.example.com'],
    ['*.example.com', '*.example.com'],
    ['*', '*'],
  ] as const)
    test(`reads the allowed host ${given}`, () => {
      write('config.yaml', `server: { allowed_hosts: ['${given}'] }`);
      assert.deepEqual(load().settings.server.allowed_hosts, [host]);
    });

  for (const wrong of ['https://ai.example.com', 'ai.example.com/x', 'a*.example.com', 'a b', '.example.com'])
    test(`refuses the allowed host ${wrong}`, () => {
      write('config.yaml', `server: { allowed_hosts: ['${wrong}'] }`);
      const result = loadSettings({ env: {}, cwd, file: 'config.yaml' });
      assert.ok(!result.ok);
      assert.match(JSON.stringify(result.problems), /must be a host name such as/);
    });

  test('gives a notice for an endpoint whose type proxy.profile_filter leaves out, and not for auto', () => {
    const endpoints =
      "[{ url: 'http://a', type: VLLM }, { url: 'http://b', type: auto }, { url: 'http://c', type: ollama }]";
    write(
      'config.yaml',
      `proxy: { profile_filter: { include: ['llama*', Ollama] } }\ndiscovery: { static: { endpoints: ${endpoints} } }`,
    );
    assert.deepEqual(
      load().notices.map(({ code, key, line }) => [code, key, line]),
      [['UNUSED_ENDPOINT', 'discovery.static.endpoints[0].type', 2]],
    );
  });

  test('gives a notice for variables without effect and for misspelt ones', () => {
    const { notices } = load({
      env: { OLLA_THEME: 'dark', OLLA_SERVER_PROT: '1', OLLA_SERVICE_HOST: '10.0.0.1' },
    });
    assert.deepEqual(
      notices.map(({ code, variable }) => [code, variable]),
      [
        ['NO_EFFECT', 'OLLA_THEME'],
        ['UNKNOWN_VARIABLE', 'OLLA_SERVER_PROT'],
      ],
    );
    assert.match(notices[1]?.message ?? '', /OLLA_SERVER_PORT/);
  });

  test('gives a notice for every unknown variable, with the nearest one', () => {
    const env = { OLLA_PORT: '1', OLLA_LOG_FORMAT: 'json', OLLA_BASE: 'x', OLLA_GATEWAY: 'http://a:1' };
    const { notices } = load({ env });
    assert.deepEqual(
      notices.map(({ variable, message }) => [variable, /did you mean (\w+)/.exec(message)?.[1]]),
      [
        ['OLLA_PORT', 'OLLA_SERVER_PORT'],
        ['OLLA_LOG_FORMAT', 'OLLA_LOGGING_FORMAT'],
        ['OLLA_BASE', undefined],
      ],
    );
  });

  test('starts on the port of the file when OLLA_SERVER_PORT is a link to a Kubernetes Service', () => {
    write('config.yaml', 'server: { port: 4242 }');
    for (const link of ['tcp://10.0.0.1:40114', 'tcp://[fd00::1]:40114', 'udp://10.0.0.1:1']) {
      const { settings, notices } = load({
        env: {
          OLLA_SERVER_PORT: link,
          OLLA_SERVER_SERVICE_HOST: '10.0.0.1',
          OLLA_SERVER_SERVICE_PORT: '40114',
          OLLA_SERVER_SERVICE_PORT_HTTP: '40114',
          OLLA_SERVER_PORT_40114_TCP: link,
          OLLA_SERVER_PORT_40114_TCP_ADDR: '10.0.0.1',
          OLLA_PORT: link,
          OLLA_SERVICE_HOST: '10.0.0.2',
        },
      });
      assert.equal(settings.server.port, 4242);
      assert.deepEqual(
        notices.map(({ code, variable }) => [code, variable]),
        [['SERVICE_LINK', 'OLLA_SERVER_PORT']],
      );
      assert.match(notices[0]?.message ?? '', /Service named olla-server.*enableServiceLinks: false/);
    }
  });

  test('accepts an interval of zero when model discovery is off', () => {
    write(
      'config.yaml',
      'discovery: { model_discovery: { enabled: false, interval: 0s, timeout: 0, concurrent_workers: 0 } }',
    );
    assert.equal(load().settings.discovery.model_discovery.interval, 0);
  });
});
