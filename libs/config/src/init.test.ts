import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { starterConfig } from './init.ts';
import { loadSettings } from './load.ts';

const cwd = mkdtempSync(join(tmpdir(), 'olla-config-'));
after(() => rmSync(cwd, { recursive: true }));

function load(text: string) {
  writeFileSync(join(cwd, 'config.yaml'), text);
  const loaded = loadSettings({ env: {}, cwd });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded;
}

describe('starterConfig', () => {
  test('renders a file that loads without a notice', () => {
    const found = [
      { name: 'ollama', url: 'http://127.0.0.1:11434', type: 'ollama' },
      { name: "odd: 'name' #1", url: 'http://[::1]:1234', type: 'lm-studio' },
    ];
    const { settings, notices } = load(starterConfig(found));
    assert.deepEqual(
      settings.discovery.static.endpoints.map(({ name, url, type }) => ({ name, url, type })),
      found,
    );
    assert.deepEqual(notices, []);
  });

  test('renders a file without endpoints that loads, also with its example filled in', () => {
    const text = starterConfig([]);
    assert.deepEqual(load(text).settings.discovery.static.endpoints, []);
    const filled = text.replace('endpoints: []', 'endpoints:').replaceAll('    #   ', '      ');
    assert.equal(load(filled).settings.discovery.static.endpoints[0]?.name, 'my-ollama');
  });

  test('changes no default', () => {
    const defaults = loadSettings({ env: {}, cwd: '/nowhere' });
    assert.ok(defaults.ok);
    assert.deepEqual(load(starterConfig([])).settings, defaults.settings);
  });
});
