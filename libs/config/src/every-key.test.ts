import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TEST_CA } from '@olla/testing/tls-certificates';
import { parse } from 'yaml';
import { generatedPath } from './generate-docs.ts';
import { KEY_ROWS } from './key-table.ts';
import { loadSettings } from './load.ts';
import { getAt } from './tree.ts';

const file = generatedPath('./fixtures/every-key.yaml');
const cwd = mkdtempSync(join(tmpdir(), 'olla-config-'));
mkdirSync(join(cwd, 'secrets'));
writeFileSync(join(cwd, 'secrets/token'), 'from-file\r\n');
writeFileSync(join(cwd, 'secrets/ca.pem'), TEST_CA);
after(() => rmSync(cwd, { recursive: true }));

const loaded = loadSettings({ file, env: { TEAM: 'blue', BEARER_TOKEN: 's3cret' }, cwd });
assert.ok(loaded.ok);
const { settings } = loaded;

describe('loading a file with every key', () => {
  test('sets every key of the schema', () => {
    const example: unknown = parse(readFileSync(file, 'utf8'));
    const endpoints = getAt(example, ['discovery', 'static', 'endpoints']);
    assert.ok(Array.isArray(endpoints));
    for (const { key, path } of KEY_ROWS) {
      const ofEndpoint = path.slice(path.indexOf('[]') + 1);
      const holders: unknown[] = path.includes('[]') ? endpoints : [example];
      // A secret of which the file is set is set.
      const names = [ofEndpoint, [...ofEndpoint.slice(0, -1), `${ofEndpoint.at(-1)}_file`]];
      assert.ok(
        holders.some((holder) => names.some((name) => getAt(holder, name) !== undefined)),
        key,
      );
    }
  });

  test('parses durations to milliseconds and sizes to bytes', () => {
    assert.equal(settings.server.shutdown_timeout, 90_000);
    assert.equal(settings.proxy.tls_handshake_timeout, 300);
    assert.equal(settings.model_registry.unification.stale_threshold, 720 * 3_600_000);
    assert.equal(settings.server.request_limits.max_body_size, 52_428_800);
    assert.equal(settings.server.request_limits.max_pending_bytes, 134_217_728);
  });

  test('keeps an explicit zero', () => {
    assert.equal(settings.server.rate_limits.per_ip_requests_per_minute, 0);
    assert.equal(settings.proxy.read_timeout, 0);
    assert.equal(settings.discovery.static.endpoints[0]?.priority, 0);
    assert.equal(settings.proxy.sticky_sessions.idle_ttl_seconds, 0);
  });

  test('loads an endpoint that has every key', () => {
    assert.deepEqual(settings.discovery.static.endpoints[0], {
      url: 'http://10.0.0.4:11434',
      name: 'workstation',
      type: 'ollama',
      priority: 0,
      weight: 2.5,
      health_check_url: '/',
      model_url: '/api/tags',
      check_interval: 500,
      check_timeout: 250,
      preserve_path: true,
      model_filter: { include: ['llama*'], exclude: ['*embed*'] },
      headers: { 'X-Team': 'blue', 'X-Revision': '7', Host: 'llm.example.com' },
      ca: TEST_CA.trimEnd(),
      ca_file: 'secrets/ca.pem',
      insecure_skip_verify: true,
      management: true,
      auth: {
        type: 'bearer',
        token: 's3cret',
        token_file: null,
        key: null,
        key_file: null,
        header: 'X-Api-Key',
        username: null,
        username_file: null,
        password: null,
        password_file: null,
      },
    });
  });

  test('converts a number to text where a key takes text, and the type openai to openai-compatible', () => {
    const [, gpu, numbered] = settings.discovery.static.endpoints;
    assert.equal(gpu?.type, 'openai-compatible');
    assert.equal(numbered?.name, '42');
    assert.equal(numbered?.auth?.password, 'pa$$word');
    assert.deepEqual(settings.model_aliases['4'], ['gpt-4']);
  });

  test('takes a single name of an alias or a fallback as a list of one', () => {
    assert.deepEqual(settings.model_aliases['fast'], ['llama3.2:3b']);
    assert.deepEqual(settings.model_fallbacks, {
      'llama3.3:70b': ['qwen3:14b', 'llama3.1:8b'],
      fast: ['qwen3:8b'],
    });
  });

  test('reads secrets from files without their line ends', () => {
    const [, , , token, key, basic] = settings.discovery.static.endpoints;
    assert.equal(token?.auth?.token, 'from-file');
    assert.equal(key?.auth?.key, 'from-file');
    assert.equal(basic?.auth?.username, 'from-file');
    assert.equal(basic?.auth?.password, 'from-file');
    assert.equal(settings.admin.token, 'from-file');
  });

  test('makes a range of one of an address without a prefix length', () => {
    assert.deepEqual(settings.server.rate_limits.trusted_proxy_cidrs, [
      '10.0.0.0/8',
      '::1/128',
      '192.168.1.7/32',
    ]);
  });

  test('names each key without effect in a notice with its place and leaves it out of the settings', () => {
    const idle = KEY_ROWS.filter(({ noEffect }) => noEffect !== null);
    const notices = loaded.notices.filter(({ code }) => code === 'NO_EFFECT');
    assert.deepEqual(
      notices.map(({ key }) => key),
      idle.map(({ key }) => key),
    );
    for (const { line, column, file: named } of notices)
      assert.ok(named === file && line !== null && column !== null);
    for (const { path, key } of idle) assert.equal(getAt(settings, path), undefined, key);
  });

  test('loads settings that JSON and structuredClone can carry', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(settings)), settings);
    assert.deepEqual(structuredClone(settings), settings);
  });
});
