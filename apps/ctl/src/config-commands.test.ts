import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { olla, temporaryFolder } from '../testing/run-command-line.ts';

/** A command line starts slowly on a busy machine. */
const OPTIONS = { timeout: 60_000 };

test(
  'writes a file that config check accepts, and replaces an existing file only with --force',
  OPTIONS,
  async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, 'config.yaml');
    assert.equal((await olla(['config', 'init'], {}, folder)).code, 0);
    assert.match((await olla(['config', 'check'], {}, folder)).stdout, /^config\.yaml: ok/);
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, `${before}# mine\n`);
    assert.equal((await olla(['config', 'init'], {}, folder)).code, 5);
    assert.match(readFileSync(file, 'utf8'), /# mine/);
    assert.equal((await olla(['config', 'init', '--force'], {}, folder)).code, 0);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /# mine/);
  },
);

test('prints every problem of a configuration with its place', OPTIONS, async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'bad.yaml'), 'server: {port: 99999}\nproxy: {load_balancr: priority}\n');
  const runs = await Promise.all([
    olla(['config', 'check', 'bad.yaml'], {}, folder),
    olla(['serve', '-c', 'bad.yaml', '--validate-config'], {}, folder),
    olla(['serve', '-c', 'bad.yaml'], {}, folder),
  ]);
  for (const { code, stderr, stdout } of runs) {
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /bad\.yaml:1:16 server\.port[^]*bad\.yaml:2:9 proxy\.load_balancr[^]*did you mean load_balancer/,
    );
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

test('explains each value with its source, and hides secrets', OPTIONS, async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'config.yaml'), 'server: {port: 8080}\nadmin: {token: hunter2}\n');
  const env = { OLLA_PROXY_LOAD_BALANCER: 'priority' };
  const [set, all, bad] = await Promise.all([
    olla(['config', 'explain', '--set'], env, folder),
    olla(['config', 'explain', '--json'], env, folder),
    olla(['config', 'explain'], { OLLA_SERVER_PORT: 'x' }, folder),
  ]);
  assert.equal(
    set.stdout,
    `KEY                  VALUE     SET BY
server.port          8080      config.yaml:1:16
proxy.load_balancer  priority  OLLA_PROXY_LOAD_BALANCER
admin.token          (hidden)  config.yaml:2:16
`,
  );
  const rows = JSON.parse(all.stdout) as { key: string; value: unknown; source: string }[];
  const header = rows.find(({ key }) => key === 'proxy.response_header_timeout');
  assert.deepEqual(header, { key: 'proxy.response_header_timeout', value: '10m', source: 'default' });
  assert.deepEqual([set.code, all.code, bad.code], [0, 0, 1]);
  assert.match(bad.stderr, /OLLA_SERVER_PORT server\.port/);
});
