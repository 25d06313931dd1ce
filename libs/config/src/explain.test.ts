import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explainSettings } from './explain.ts';
import { generatedPath } from './generate-docs.ts';
import { KEY_ROWS } from './key-table.ts';
import { loadSettings } from './load.ts';
import { redactSettings } from './redact.ts';

const env = {
  OLLA_CONFIG_FILE: generatedPath('./fixtures/one-endpoint.yaml'),
  OLLA_REDIS_URL: 'redis://user:hunter2@10.0.0.2:6379/1?password=hunter2',
  OLLA_ADMIN_TOKEN: 'hunter2',
  KEY: 'hunter2',
};

function load() {
  const loaded = loadSettings({ env, cwd: '/', flags: { port: 8080 } });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded;
}

describe('redactSettings and explainSettings', () => {
  test('hides secrets and keeps all other values', () => {
    const { settings } = load();
    const shown = redactSettings(settings);
    assert.doesNotMatch(JSON.stringify(shown), /hunter2/);
    assert.equal(shown.redis.url, 'redis://(hidden)@10.0.0.2:6379/1');
    assert.equal(shown.admin.token, '(hidden)');
    assert.deepEqual(shown.discovery.static.endpoints[0]?.headers, { 'X-Key': '(hidden)' });
    assert.deepEqual(shown.server, settings.server);
    assert.equal(settings.admin.token, 'hunter2');
  });

  test('lists each key once, with its value and its origin', () => {
    const rows = explainSettings(load());
    const keys = rows.map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length);
    for (const { key, noEffect } of KEY_ROWS) {
      if (!key.includes('[]')) assert.equal(keys.includes(key), noEffect === null, key);
    }
    const found = (key: string) => rows.find((row) => row.key === key);
    assert.deepEqual(found('server.port'), { key: 'server.port', value: 8080, source: '--port' });
    assert.deepEqual(found('proxy.read_timeout'), {
      key: 'proxy.read_timeout',
      value: '10m',
      source: 'default',
    });
    assert.equal(found('admin.token')?.source, 'OLLA_ADMIN_TOKEN');
    assert.match(
      found('discovery.static.endpoints[0].check_interval')?.source ?? '',
      /one-endpoint\.yaml:8:25$/,
    );
  });
});
