import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { formatProblems, loadSettings, type LoadOptions } from './load.ts';
import type { Problem } from './problem.ts';

const cwd = mkdtempSync(join(tmpdir(), 'olla-config-'));
after(() => rmSync(cwd, { recursive: true }));

function problemsOf(text: string, options: Partial<LoadOptions> = {}): readonly Problem[] {
  writeFileSync(join(cwd, 'c.yaml'), text);
  const result = loadSettings({ file: 'c.yaml', env: {}, cwd, ...options });
  assert.ok(!result.ok, 'the file should have problems');
  return result.problems;
}

/** Each problem as `line:column CODE key`. */
function placesOf(text: string, options: Partial<LoadOptions> = {}): string[] {
  return problemsOf(text, options).map(
    ({ line, column, variable, code, key }) => `${variable ?? `${line}:${column}`} ${code} ${key}`,
  );
}

const endpoint = (more: string) =>
  `discovery: { static: { endpoints: [{ url: 'http://x', name: a, type: ollama, ${more} }] } }`;

describe('loadSettings with mistakes', () => {
  test('refuses headers that frame a message as headers of an endpoint', () => {
    for (const name of ['Content-Length', 'transfer-encoding', 'Connection'])
      assert.match(
        formatProblems(problemsOf(endpoint(`headers: { ${name}: '5', X-Own: '1' }`))),
        new RegExp(`headers\\.${name} — is a header that the gateway sets itself`),
      );
  });

  test('reports all problems together, each with line, column and key', () => {
    const text = `server:
  port: 99999
  prot: 1
  read_timeout: 30
  host: a
  host: b
  cors: { allow_credentials: true }
proxy:
  load_balancer: random
  retry: { statuses: [500, 503] }
  response_timeout: 800h
discovery:
  static:
    endpoints:
      - url: http://user:hunter2@h:1
        name: gpu
        type: lmstudios
      - name: gpu
        type: ollama
        urll: http://x
        auth: { type: bearer, token: "\${NOPE}" }
        headers: { "bad header": x, X-B: null }
model_aliases: { x: [] }
frobnicate: 1
logging: 3
`;
    assert.deepEqual(
      placesOf(text, { env: { OLLA_SERVER_MAX_BODY_SIZE: '50XB' }, flags: { workers: 'many' } }),
      [
        '2:9 BAD_VALUE server.port',
        '3:3 UNKNOWN_KEY server.prot',
        '4:17 BAD_VALUE server.read_timeout',
        '6:3 DUPLICATE_KEY server.host',
        '7:30 BAD_VALUE server.cors.allow_credentials',
        '9:18 BAD_VALUE proxy.load_balancer',
        '10:23 BAD_VALUE proxy.retry.statuses[0]',
        '11:21 BAD_VALUE proxy.response_timeout',
        '15:14 BAD_VALUE discovery.static.endpoints[0].url',
        '17:15 BAD_VALUE discovery.static.endpoints[0].type',
        '18:9 MISSING_KEY discovery.static.endpoints[1].url',
        '18:15 BAD_VALUE discovery.static.endpoints[1].name',
        '20:9 UNKNOWN_KEY discovery.static.endpoints[1].urll',
        '21:38 UNSET_VARIABLE discovery.static.endpoints[1].auth.token',
        '22:20 BAD_VALUE discovery.static.endpoints[1].headers.bad header',
        '22:42 BAD_VALUE discovery.static.endpoints[1].headers.X-B',
        '23:21 BAD_VALUE model_aliases.x',
        '24:1 UNKNOWN_KEY frobnicate',
        '25:10 BAD_VALUE logging',
        '--workers BAD_VALUE server.workers',
        'OLLA_SERVER_MAX_BODY_SIZE BAD_VALUE server.request_limits.max_body_size',
      ],
    );
  });

  test('formats a problem with its place, its key, the fault and the nearest valid word', () => {
    const lines = formatProblems(
      problemsOf('server:\n  prot: 1\n  load_balancer: priority\nproxy:\n  load_balancer: priorty\n'),
    );
    assert.deepEqual(lines.split('\n'), [
      'c.yaml:2:3 server.prot — is not a key of server (did you mean port?)',
      'c.yaml:3:3 server.load_balancer — is not a key of server (did you mean proxy.load_balancer?)',
      'c.yaml:5:18 proxy.load_balancer — must be one of least-connections, round-robin, priority, not "priorty" (did you mean priority?)',
    ]);
  });

  test('names the environment variable whose value is wrong', () => {
    const lines = formatProblems(problemsOf('', { env: { OLLA_SERVER_PORT: 'http' } }));
    assert.equal(lines, 'OLLA_SERVER_PORT server.port — must be a whole number from 0 to 65535, not "http"');
  });

  test('names the endpoint of a wrong key', () => {
    assert.match(
      formatProblems(problemsOf(endpoint('priority: high'))),
      /endpoints\[0\]\.priority — .*\(endpoint a\)/,
    );
  });

  test('reports invalid YAML with its place', () => {
    assert.deepEqual(placesOf('server:\n  port: [1\n'), ['3:1 YAML_SYNTAX ']);
    assert.deepEqual(placesOf('a: *nowhere\n'), ['1:4 YAML_SYNTAX ']);
    assert.deepEqual(placesOf('server: {}\n---\nproxy: {}\n'), ['2:1 YAML_SYNTAX ']);
    assert.deepEqual(placesOf('- 1\n'), ['1:1 BAD_VALUE ']);
  });

  test('reports aliases that expand to too many values', () => {
    const rows = 'abcdefgh'.split('').map((name, index, all) => {
      const earlier = all[index - 1];
      return `${name}: &${name} [${Array(9)
        .fill(earlier === undefined ? 'x' : `*${earlier}`)
        .join(', ')}]`;
    });
    assert.deepEqual(placesOf(rows.join('\n')), ['1:1 YAML_SYNTAX ']);
  });

  test('reports an alias that contains itself', () => {
    assert.ok(placesOf('server: &a\n  cors: *a\n').some((place) => place.includes('BAD_VALUE')));
  });

  test('reports a file that cannot be read', () => {
    const result = loadSettings({ file: 'missing.yaml', env: {}, cwd });
    assert.ok(!result.ok);
    assert.match(
      formatProblems(result.problems),
      /^missing\.yaml — cannot be read: there is no such file\. .*olla config init$/,
    );
    assert.match(formatProblems(problemsOf('', { file: cwd })), /it is a folder/);
  });

  test('reports one problem for a secret that is set twice or whose file cannot be used', () => {
    writeFileSync(join(cwd, 'empty'), '\n');
    writeFileSync(join(cwd, 'full'), 'x');
    const auth = (fields: string) =>
      placesOf(endpoint(`auth: { type: bearer, ${fields} }`)).map((place) => place.replace(/^\S+ /, ''));
    const key = 'discovery.static.endpoints[0].auth.token';
    assert.deepEqual(auth('token: a, token_file: full'), [`SECRET_TWICE ${key}_file`]);
    assert.deepEqual(auth('token_file: empty'), [`SECRET_FILE ${key}_file`]);
    assert.deepEqual(auth('token_file: missing'), [`SECRET_FILE ${key}_file`]);
    assert.deepEqual(auth('token_file: /'), [`SECRET_FILE ${key}_file`]);
    assert.deepEqual(auth('header: X-A'), [`MISSING_KEY ${key}`]);
    assert.deepEqual(placesOf('admin: { token_file: full }', { env: { OLLA_ADMIN_TOKEN: 't' } }), [
      '1:10 SECRET_TWICE admin.token_file',
    ]);
  });

  test('reports the missing parts of each type of auth', () => {
    const keys = (fields: string) =>
      problemsOf(endpoint(`auth: { ${fields} }`)).map(({ key }) => key.replace(/^.*\.auth\./, ''));
    assert.deepEqual(keys('type: api_key'), ['key']);
    assert.deepEqual(keys('type: basic'), ['username', 'password']);
    assert.deepEqual(keys('type: basic, username: "a:b", password: c'), ['username']);
    assert.deepEqual(keys('token: x'), ['type']);
  });

  test('reports settings that contradict each other although others are wrong too', () => {
    const text = `server: { port: x }
discovery:
  agent: external
  model_discovery: { interval: 0s, concurrent_workers: 0 }
  static: { endpoints: [{ url: 'http://x', name: a, type: vllm }] }
`;
    assert.deepEqual(placesOf(text), [
      '1:17 BAD_VALUE server.port',
      '3:10 BAD_VALUE discovery.agent',
      '4:32 BAD_VALUE discovery.model_discovery.interval',
      '4:56 BAD_VALUE discovery.model_discovery.concurrent_workers',
    ]);
  });

  test('refuses text that is not a URL, and URLs with credentials, a query or a fragment', () => {
    for (const url of [
      'localhost:11434',
      'ftp://x',
      'http://u@x',
      'http://:p@x',
      'http://x/?a=1',
      'http://x/#a',
      'http://',
    ]) {
      const text = `discovery: { static: { endpoints: [{ url: '${url}', name: a, type: ollama }] } }`;
      assert.deepEqual(
        problemsOf(text).map(({ key }) => key),
        ['discovery.static.endpoints[0].url'],
        url,
      );
    }
    for (const url of ['localhost:6379', 'http://r', 'redis:', 'redis://'])
      assert.deepEqual(placesOf(`redis: { url: '${url}' }`), ['1:15 BAD_VALUE redis.url'], url);
    assert.deepEqual(placesOf(endpoint("health_check_url: 'http://u:p@x/'")).length, 1);
  });

  test('refuses line ends and control characters in the value of a header', () => {
    assert.equal(problemsOf(endpoint('headers: { X-A: "a\\r\\nX-B: b" }')).length, 1);
    assert.equal(problemsOf(endpoint('auth: { type: bearer, token: "a\\nb" }')).length, 1);
    assert.equal(
      problemsOf('discovery: { static: { endpoints: [{ url: \'http://x\', name: "a\\nb", type: ollama }] } }')
        .length,
      1,
    );
  });

  test('shows no secret in any message', () => {
    const secret = 'hunter2-hunter2';
    const texts = [
      `discovery: { static: { endpoints: [{ url: 'ftp://u:${secret}@x', name: a, type: ollama }] } }`,
      endpoint(`auth: { type: bearer, token: "${secret}\\n" }`),
      endpoint(`auth: { type: bearer, token: [${secret}] }`),
      endpoint(`auth: ${secret}`),
      endpoint(`headers: { X-A: ["${secret}"] }`),
      endpoint(`headers: "${secret}"`),
      `redis: { url: 'http://:${secret}@x' }`,
      `admin: { token: 'a ${secret}' }`,
      `admin:\n  token: "${secret}\n`,
      `admin:\n  token: @${secret}\n`,
      `admin: { token: ${secret}\n`,
      `admin:\n  token: |${secret}\n`,
      `admin:\n  token: 'a' ${secret}\n`,
      `server: { port: "\${SECRET}" }`,
      `proxy: { load_balancer: "\${SECRET}" }`,
    ];
    for (const text of texts) {
      assert.doesNotMatch(JSON.stringify(problemsOf(text, { env: { SECRET: secret } })), /hunter2/, text);
    }
  });

  test('reports __proto__ and constructor as unknown keys', () => {
    assert.deepEqual(placesOf('__proto__: { server: {} }\n'), ['1:1 UNKNOWN_KEY __proto__']);
    assert.deepEqual(placesOf('server: { constructor: 1 }\n'), ['1:11 UNKNOWN_KEY server.constructor']);
  });

  test('does not throw for any text', () => {
    const word = fc.constantFrom(
      'server',
      'proxy',
      'discovery',
      'static',
      'endpoints',
      'port',
      'auth',
      'a',
      '1',
      'null',
      ':',
      ': ',
      '\n',
      '\n  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      '${',
      '&a',
      '*a',
      '|',
      '#',
      '!x',
      ',',
    );
    const text = fc.array(word, { maxLength: 25 }).map((words) => words.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (content) => {
        writeFileSync(join(cwd, 'f.yaml'), content);
        const result = loadSettings({ file: 'f.yaml', env: {}, cwd });
        assert.ok(result.ok || result.problems.length > 0);
      }),
      { numRuns: 200 },
    );
  });
});
