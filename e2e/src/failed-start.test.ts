import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runOlla, startGateway } from '@olla/testing/olla-process';
import { tempFolder } from '@olla/testing/temp-folder';

describe('a start that fails', () => {
  /** Runs a command that fails, asserts that it prints no stack, and resolves with its message. */
  async function runFailing(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const olla = await runOlla(args, { env });
    const { code } = await olla.waitForEnd();
    assert.notEqual(code, 0, olla.output);
    assert.doesNotMatch(olla.stderr + olla.stdout, /^\s+at .*:\d+:\d+/m, olla.output);
    return olla.stderr;
  }

  test('names the port in use and its key', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const message = await runFailing(['serve', '--host', '127.0.0.1', '--port', String(port)]);
    assert.match(message, new RegExp(String(port)));
    assert.match(message, /server\.port|--port/);
    await new Promise((resolve) => server.close(resolve));
  });

  test('names the child process that could not start and its exit code', async () => {
    const children = {
      worker: "require('node:cluster').isWorker",
      agent: "process.env.OLLA_CHILD === 'agent'",
    };
    for (const [child, isIt] of Object.entries(children)) {
      const preload = join(tempFolder(), 'die.cjs');
      writeFileSync(preload, `if (${isIt}) process.exit(7);`);
      const message = await runFailing(['serve', '--port', '0'], { NODE_OPTIONS: `--require=${preload}` });
      assert.match(message, new RegExp(`${child}.* could not start: exit code 7`));
    }
  });

  test('names a missing configuration file and the place of an unknown key', async () => {
    assert.match(await runFailing(['serve', '--config', '/no/such/olla.yaml']), /\/no\/such\/olla\.yaml/);
    const olla = await startGateway({ config: { server: { prot: 1 } } }).then(
      () => assert.fail('it started'),
      (error: Error) => error.message,
    );
    assert.match(olla, /olla\.yaml:\d+:\d+/);
    assert.match(olla, /prot[^]*port/);
  });

  test('exits with 2 and a suggestion for an unknown command or flag', async () => {
    for (const args of [['serv'], ['serve', '--prot', '1']]) {
      const olla = await runOlla(args);
      assert.equal((await olla.waitForEnd()).code, 2, olla.output);
      assert.match(olla.stderr, /serve|--port/);
    }
  });

  test('names an unset variable of the configuration', async () => {
    const endpoints = [
      {
        name: 'a',
        url: 'http://127.0.0.1:1',
        type: 'vllm',
        auth: { type: 'bearer', token: '${UNSET_TOKEN}' },
      },
    ];
    await assert.rejects(startGateway({ config: { discovery: { static: { endpoints } } } }), /UNSET_TOKEN/);
  });
});
