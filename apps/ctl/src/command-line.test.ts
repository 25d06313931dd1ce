import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeCluster, fakeSnapshot } from '@olla/gateway/testing/fake-cluster';
import { parse as parseYaml } from 'yaml';
import { busyCluster } from '../testing/fake-sample.ts';
import { olla, temporaryFolder } from '../testing/run-command-line.ts';
import { serveFakeGateway } from '../testing/serve-fake-gateway.ts';

/** A command line starts slowly on a busy machine. */
const OPTIONS = { timeout: 60_000 };

test(
  'exits with 2 and a suggestion for a usage error, and with 0 for help and version',
  OPTIONS,
  async () => {
    const [unknown, ctlCommand, flag, bare, help, version] = await Promise.all([
      olla(['srve']),
      olla(['status']),
      olla(['ctl', 'status', '--outptu', 'json']),
      olla(['ctl', 'endpoints', 'drain']),
      olla(['ctl', '--help']),
      olla(['--version']),
    ]);
    assert.deepEqual(
      [unknown.code, ctlCommand.code, flag.code, bare.code, help.code, version.code],
      [2, 2, 2, 2, 0, 0],
    );
    assert.match(unknown.stderr, /Did you mean serve/);
    assert.match(ctlCommand.stderr, /Did you mean olla ctl status/);
    assert.match(flag.stderr, /Did you mean --output/);
    assert.match(help.stdout, /^Examples:\n[^]*Exit codes:/);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  },
);

test('exits with 6, a hint and no stack when no gateway answers', OPTIONS, async () => {
  const { code, stdout, stderr } = await olla(['ctl', 'status', '--gateway', 'http://127.0.0.1:1']);
  assert.deepEqual([code, stdout], [6, '']);
  assert.match(stderr, /no gateway answers at http:\/\/127\.0\.0\.1:1: connection refused[^]*--gateway URL/);
  assert.doesNotMatch(stderr, /\n {4}at /);
});

test('prints the status, and exits with 7 for --check when the cluster is degraded', OPTIONS, async (t) => {
  const cluster = fakeCluster();
  const { env } = await serveFakeGateway(t, cluster);
  const healthy = await olla(['ctl', 'status', '--check'], env);
  assert.equal(healthy.code, 0);
  assert.match(healthy.stdout, /: healthy, up 1h0m[^]*gpu-a +vllm +● healthy/);
  cluster.snapshot = fakeSnapshot(cluster.deps.settings, { 'old box': 'offline' });
  const degraded = await olla(['ctl', 'status', '--check'], env);
  assert.equal(degraded.code, 7);
  assert.match(degraded.stdout, /! Endpoint old box is offline: connection refused\./);
  assert.equal((await olla(['ctl', 'status'], env)).code, 0);
});

test('prints every output format, and only data to stdout', OPTIONS, async (t) => {
  const { env, url } = await serveFakeGateway(t, busyCluster(100));
  const run = (...args: string[]) => olla(['ctl', ...args], env);
  const [json, yaml, lines, names, wide, one, models] = await Promise.all([
    run('endpoints', '--json'),
    run('endpoints', '-o', 'yaml'),
    run('endpoints', '-o', 'jsonl'),
    run('endpoints', '-o', 'name'),
    run('endpoints', '-o', 'wide'),
    run('endpoints', 'gpu-a', '-o', 'json'),
    olla(['ctl', 'models', '--gateway', url, '-o', 'json']),
  ]);
  const parsed = JSON.parse(json.stdout) as { name: string; ttft_p95_ms: number | null }[];
  assert.deepEqual(
    parsed.map(({ name }) => name),
    ['gpu-a', 'gpu-b', 'old box'],
  );
  assert.deepEqual(parseYaml(yaml.stdout), parsed);
  assert.deepEqual(
    lines.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    parsed,
  );
  assert.equal(names.stdout, 'gpu-a\ngpu-b\nold box\n');
  assert.match(wide.stdout, /URL +REASON[^]*http:\/\/old\.test:11434 +connection refused/);
  assert.deepEqual(JSON.parse(one.stdout), parsed[0]);
  const shared = (JSON.parse(models.stdout) as { name: string; requests_total: number }[]).find(
    ({ name }) => name === 'shared',
  );
  assert.equal(shared?.requests_total, 100);
  for (const { stderr, stdout } of [json, yaml, lines, names, wide, one, models]) {
    assert.equal(stderr, '');
    assert.doesNotMatch(stdout, /\u001b/);
  }
});

test('exits with 4 and suggests the most similar name for an unknown name', OPTIONS, async (t) => {
  const { env } = await serveFakeGateway(t, fakeCluster());
  const { code, stderr } = await olla(['ctl', 'endpoints', 'gpu-aa'], env);
  assert.equal(code, 4);
  assert.match(stderr, /Did you mean gpu-a\?/);
  assert.equal((await olla(['ctl', 'endpoints', 'drain', 'unknown'], env)).code, 4);
});

test(
  'finds the local token, drains and resumes an endpoint, and is refused the last endpoint of a model',
  OPTIONS,
  async (t) => {
    const cluster = fakeCluster();
    const { env } = await serveFakeGateway(t, cluster);
    const drained = await olla(['ctl', 'endpoints', 'drain', 'gpu-b'], env);
    assert.deepEqual(
      [drained.code, drained.stdout],
      [0, 'gpu-b gets no new requests; 0 running requests will finish\n'],
    );
    const refused = await olla(['ctl', 'endpoints', 'drain', 'gpu-a'], env);
    assert.equal(refused.code, 5);
    assert.match(
      refused.stderr,
      /only endpoint that serves only-a, shared[^]*LAST_HOST[^]*drain gpu-a --force/,
    );
    const forced = await olla(['ctl', 'endpoints', 'drain', 'gpu-a', '--force', '--json'], env);
    assert.deepEqual((JSON.parse(forced.stdout) as { models_lost: string[] }).models_lost, [
      'only-a',
      'shared',
    ]);
    assert.equal((await olla(['ctl', 'endpoints', 'resume', 'gpu-a'], env)).stdout, 'gpu-a serves again\n');
    assert.deepEqual(Object.keys(cluster.control.drained), ['gpu-b']);
    assert.equal((await olla(['ctl', 'endpoints', 'refresh'], env)).code, 0);
    assert.equal(cluster.control.refresh, 1);
  },
);

test(
  'exits with 3 without a valid token, and sends none to another machine unencrypted',
  OPTIONS,
  async (t) => {
    const { url, env } = await serveFakeGateway(t, fakeCluster());
    const file = join(temporaryFolder(t), 'token');
    writeFileSync(file, 'wrong-token\n', { mode: 0o600 });
    const drain = ['ctl', 'endpoints', 'drain', 'gpu-b'];
    const [wrong, none, remote] = await Promise.all([
      olla([...drain, '--token-file', file], env),
      olla([...drain, '--gateway', url]),
      olla([...drain, '--gateway', 'http://gateway.test:40114'], { OLLA_ADMIN_TOKEN: 'a-long-enough-token' }),
    ]);
    assert.deepEqual([wrong.code, none.code, remote.code], [3, 3, 2]);
    assert.match(wrong.stderr, /UNAUTHORIZED/);
    assert.match(none.stderr, /--token-file/);
    assert.match(remote.stderr, /unencrypted[^]*--insecure/);
  },
);

test('prints one table for top without a terminal', OPTIONS, async (t) => {
  const { env } = await serveFakeGateway(t, busyCluster(10));
  const { code, stdout } = await olla(['ctl', 'top'], { ...env, CI: 'true' });
  assert.equal(code, 0);
  assert.match(stdout, /ENDPOINT +TYPE +STATE[^]*gpu-a/);
  assert.doesNotMatch(stdout, /\u001b/);
});

test('exits with 2 for a flag with a value that is not valid', OPTIONS, async (t) => {
  const { code, stderr } = await olla(['serve', '--port', 'abc'], {}, temporaryFolder(t));
  assert.equal(code, 2);
  assert.match(stderr, /--port server\.port — must be a whole number/);
});

test('names the missing key when an agent starts without Redis', OPTIONS, async () => {
  const { code, stderr } = await olla(['agent']);
  assert.equal(code, 1);
  assert.match(stderr, /redis\.url/);
});
