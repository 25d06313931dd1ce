import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needProgram } from '@olla/testing/debian';
import { freePort } from '@olla/testing/free-port';
import { measureCpu } from '@olla/testing/measure-cpu';
import { OLLA_BUNDLE, runOlla, startGateway, type Gateway } from '@olla/testing/olla-process';
import { startRawBackend, type RawBackend } from '@olla/testing/raw-backend';
import { Started } from '@olla/testing/started';
import { tempFolder } from '@olla/testing/temp-folder';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'watched-model';

describe('olla ctl', () => {
  let first: RawBackend;
  let second: RawBackend;
  let gateway: Gateway;
  const home = tempFolder();
  const started = new Started();
  before(async () => {
    first = started.add(await startRawBackend({ models: [MODEL] }));
    second = started.add(await startRawBackend({ models: [MODEL] }));
    gateway = started.add(
      await startGatewayFor({
        endpoints: [endpointConfig('gpu-a', first), endpointConfig('gpu-b', second)],
        models: [MODEL],
        env: { HOME: home },
      }),
    );
  });
  after(() => started.stop());

  interface CommandResult {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }

  /** Runs `olla ctl` of the bundle with this gateway. */
  async function ctl(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
    const olla = await runOlla(['ctl', '--gateway', gateway.url, ...args], {
      script: OLLA_BUNDLE,
      env: { HOME: home, ...env },
    });
    const { code } = await olla.waitForEnd();
    return { code, stdout: olla.stdout, stderr: olla.stderr };
  }

  const chat = async (): Promise<string | null> => {
    const response = await fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify({ model: MODEL }),
    });
    return response.headers.get('x-olla-endpoint');
  };

  test('prints status, endpoints and models in every format', async () => {
    const status = await ctl(['status']);
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /gpu-a[^]*gpu-b/);
    assert.doesNotMatch(status.stdout, /\u001b/, 'no colour in a pipe');
    const args = [OLLA_BUNDLE, 'ctl', '--gateway', gateway.url, 'status'];
    const { cpuMs } = await measureCpu(process.execPath, args);
    assert.ok(cpuMs < 500, `status took ${cpuMs} ms of CPU time`);
    const json = await ctl(['status', '-o', 'json']);
    assert.equal(typeof JSON.parse(json.stdout), 'object');
    assert.match((await ctl(['status', '-o', 'yaml'])).stdout, /^endpoints:$/m);
    const names = await ctl(['endpoints', '-o', 'name']);
    assert.deepEqual(names.stdout.trim().split('\n').sort(), ['gpu-a', 'gpu-b']);
    assert.match((await ctl(['models'])).stdout, new RegExp(MODEL));
    assert.match((await ctl(['top'])).stdout, /gpu-a/, 'top prints one table into a pipe');
  });

  test('exits with the documented code for an unknown name, an unknown command and an unreachable gateway', async () => {
    assert.equal((await ctl(['endpoints', 'gpu-x'])).code, 4);
    assert.equal((await ctl(['statsu'])).code, 2);
    assert.equal((await ctl(['status', '--check'])).code, 0);
    const unreachable = await ctl(['--gateway', `http://127.0.0.1:${await freePort()}`, 'status']);
    assert.equal(unreachable.code, 6);
    assert.match(unreachable.stderr, /127\.0\.0\.1/);
  });

  test('drains and resumes an endpoint at every worker, with the token that serve wrote', async () => {
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

  test('changes nothing without the token', async () => {
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

  describe('olla ctl top in a terminal of 80×24', () => {
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

    test('shows the fleet, handles keys, survives the loss of the gateway, and restores the terminal', async () => {
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
      assert.doesNotMatch(left, /ENDPOINT/, 'the screen is restored');
    });
  });
});
