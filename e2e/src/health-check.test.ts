import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const script = join(import.meta.dirname, '../../deploy/docker/health.mjs');
const cwd = mkdtempSync(join(tmpdir(), 'olla-health-'));
let alive = 200;
const gateway = createServer((request, response) => {
  response.writeHead(request.url === '/internal/health/live' ? alive : 404).end();
});
let port = 0;

before(async () => {
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  port = (gateway.address() as AddressInfo).port;
});
after(() => {
  gateway.close();
  rmSync(cwd, { recursive: true });
});

/** Runs the health check of the image and resolves with its exit status. */
function check(env: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script], { cwd, env });
    child.on('close', (code) => resolve(code ?? -1));
  });
}

const LINK = { OLLA_SERVER_PORT: 'tcp://10.0.0.1:1' };

describe('the health check of the image', () => {
  test('asks the port of OLLA_SERVER_PORT and fails when the gateway does not answer 200', async () => {
    assert.equal(await check({ OLLA_SERVER_PORT: String(port) }), 0);
    alive = 503;
    assert.equal(await check({ OLLA_SERVER_PORT: String(port) }), 1);
    alive = 200;
  });

  test("asks the file's port when OLLA_SERVER_PORT is unset or a link to a Kubernetes Service", async () => {
    const texts = [
      `# top\nserver: # ours\n  host: 0.0.0.0\n\n  # comment\n  port: ${port} # here\nproxy: {}\n`,
      `server: { host: 0.0.0.0, port: ${port} }\n`,
      `proxy:\r\n  engine: olla\r\nserver:\r\n  port: "${port}"\r\n`,
    ];
    for (const text of texts) {
      writeFileSync(join(cwd, 'config.yaml'), text);
      assert.equal(await check({}), 0, text);
      assert.equal(await check(LINK), 0, text);
      assert.equal(await check({ ...LINK, OLLA_CONFIG_FILE: join(cwd, 'config.yaml') }), 0, text);
    }
  });
});
