import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needProgram } from '@olla/testing/debian';
import { freePort } from '@olla/testing/free-port';
import { OLLA_BUNDLE, runOlla, startGateway, type Gateway } from '@olla/testing/olla-process';
import { startRawBackend, type RawBackend } from '@olla/testing/raw-backend';
import { tempFolder } from '@olla/testing/temp-folder';
import { waitFor } from '@olla/testing/wait-for';
import { endpointOf, startGatewayFor } from './gateway-for.ts';

const MODEL = 'watched-model';

suite('olla ctl', () => {
  let first: RawBackend;
  let second: RawBackend;
  let gateway: Gateway;
  const home = tempFolder();
  before(async () => {
    first = await startRawBackend({ models: [MODEL] });
    second = await startRawBackend({ models: [MODEL] });
    gateway = await startGatewayFor({
      endpoints: [endpointOf('gpu-a', first), endpointOf('gpu-b', second)],
      models: [MODEL],
      env: { HOME: home },
    });
  });
  after(async () => {
    await gateway.stop();
    await first.close();
    await second.close();
  });

  interface Ran {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
    readonly tookMs: number;
  }

  /** Runs `olla ctl` of the bundle, as a user does, at this gateway. */
  async function ctl(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    const startedMs = performance.now();
    const olla = await runOlla(['ctl', '--gateway', gateway.url, ...args], {
      script: OLLA_BUNDLE,
      env: { HOME: home, ...env },
    });
    const { code } = await olla.waitForEnd();
    return { code, stdout: olla.stdout, stderr: olla.stderr, tookMs: performance.now() - startedMs };
  }

  const chat = async (): Promise<string | null> => {
    const response = await fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify({ model: MODEL }),
    });
    return response.headers.get('x-olla-endpoint');
  };

  test('status, endpoints and models, for people and for programs', async () => {
    const status = await ctl(['status']);
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /gpu-a[^]*gpu-b/);
    assert.doesNotMatch(status.stdout, /\u001b/, 'no colour into a pipe');
    assert.ok(status.tookMs < 1_500, `took ${status.tookMs} ms`);
    const json = await ctl(['status', '-o', 'json']);
    assert.equal(typeof JSON.parse(json.stdout), 'object');
    assert.match((await ctl(['status', '-o', 'yaml'])).stdout, /^endpoints:$/m);
    const names = await ctl(['endpoints', '-o', 'name']);
    assert.deepEqual(names.stdout.trim().split('\n').sort(), ['gpu-a', 'gpu-b']);
    assert.match((await ctl(['models'])).stdout, new RegExp(MODEL));
    assert.match((await ctl(['top'])).stdout, /gpu-a/, 'top into a pipe is one plain table');
  });

  test('exit codes: unknown name, unknown word, unreachable gateway, degraded', async () => {
    assert.equal((await ctl(['endpoints', 'gpu-x'])).code, 4);
    assert.equal((await ctl(['statsu'])).code, 2);
    assert.equal((await ctl(['status', '--check'])).code, 0);
    const away = await ctl(['--gateway', `http://127.0.0.1:${await freePort()}`, 'status']);
    assert.equal(away.code, 6);
    assert.match(away.stderr, /127\.0\.0\.1/);
  });

  test('drain and resume reach every worker at once, by the token that serve left', async () => {
    const token = join(home, '.olla', `admin-${gateway.port}.token`);
    assert.equal(statSync(token).mode & 0o777, 0o600);
    const drained = await ctl(['endpoints', 'drain', 'gpu-a']);
    assert.equal(drained.code, 0, drained.stderr);
    for (let n = 0; n < 10; n += 1) assert.equal(await chat(), 'gpu-b');
    assert.match((await ctl(['endpoints'])).stdout, /gpu-a.*drain/);
    const resumed = await ctl(['endpoints', 'resume', 'gpu-a']);
    assert.equal(resumed.code, 0, resumed.stderr);
    const used = new Set<string | null>();
    await waitFor(async () => used.add(await chat()).size === 2, { describe: 'gpu-a to be used again' });
  });

  test('without the token nothing is changed', async () => {
    const refused = await ctl(['endpoints', 'drain', 'gpu-a'], { HOME: tempFolder() });
    assert.equal(refused.code, 3, refused.stdout + refused.stderr);
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const response = await fetch(`${gateway.url}/internal/endpoints/gpu-a/drain`, {
        method: 'POST',
        headers,
      });
      assert.ok([401, 403].includes(response.status), String(response.status));
    }
    assert.doesNotMatch((await ctl(['endpoints'])).stdout, /gpu-a.*drain/);
  });

  suite('top in a terminal of 80×24', () => {
    const socket = join(tempFolder(), 'tmux');
    const tmux = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(
        needProgram('tmux'),
        ['-S', socket, '-f', '/dev/null', ...args],
        { encoding: 'utf8' },
      );
      assert.equal(status, 0, stderr);
      return stdout;
    };
    const screen = (): string => tmux('capture-pane', '-p', '-t', 'top');
    const shows = (pattern: RegExp): Promise<string> =>
      waitFor(
        () => {
          const text = screen();
          if (!pattern.test(text)) throw new Error(`the screen is\n${text}`);
          return text;
        },
        { describe: `${String(pattern)} on the screen`, intervalMs: 100 },
      );
    after(() => spawnSync('tmux', ['-S', socket, 'kill-server']));

    test('shows the fleet, takes keys, outlives a gateway, and leaves the terminal clean', async () => {
      const own = await startGateway({ args: ['--demo'] });
      tmux('new-session', '-d', '-s', 'top', '-x', '80', '-y', '24', 'sh');
      tmux('send-keys', '-t', 'top', 'PS1="READY> "; clear', 'Enter');
      await shows(/^READY>$/m);
      tmux(
        'send-keys',
        '-t',
        'top',
        `${process.execPath} ${OLLA_BUNDLE} ctl --gateway ${own.url} top`,
        'Enter',
      );
      const first = await shows(/ollama-desk/);
      assert.ok(first.split('\n').length <= 25);
      assert.match(first, /ENDPOINT/);
      tmux('send-keys', '-t', 'top', '2');
      await shows(/MODEL/);
      tmux('send-keys', '-t', 'top', '1');
      await shows(/ENDPOINT/);
      await own.stop();
      await shows(/OLD/);
      tmux('send-keys', '-t', 'top', 'q');
      const left = await shows(/READY>$/m);
      assert.doesNotMatch(left, /ENDPOINT/, 'the screen is what it was before');
    });
  });
});
