import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { renderNginxConfig } from './nginx-config.ts';
import { findNginx } from './nginx.ts';

const run = promisify(execFile);

for (const rejecting of [false, true]) {
  test(`writes a configuration ${rejecting ? 'that refuses requests' : 'that relays requests'}, which nginx accepts`, async (t) => {
    const program = await findNginx((line) => t.diagnostic(line));
    const folder = await mkdtemp(join(tmpdir(), 'olla-nginx-test-'));
    try {
      const file = join(folder, 'nginx.conf');
      await writeFile(file, renderNginxConfig({ port: 40_999, backendPort: 1, folder, rejecting }));
      const { stderr } = await run(program, ['-t', '-c', file, '-p', folder, '-e', 'stderr']);
      assert.match(stderr, /test is successful/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

test('sets the ports, and a limit only when nginx is to refuse requests', () => {
  const options = { port: 8080, backendPort: 9090, folder: '/run/x' };
  const relaying = renderNginxConfig({ ...options, rejecting: false });
  assert.match(relaying, /listen 127\.0\.0\.1:8080 /);
  assert.match(relaying, /server 127\.0\.0\.1:9090;/);
  assert.doesNotMatch(relaying, /limit_req/);
  assert.match(renderNginxConfig({ ...options, rejecting: true }), /limit_req_status 429;/);
});
