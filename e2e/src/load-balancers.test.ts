import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { needProgram } from '@olla/testing/debian';
import { freePort } from '@olla/testing/free-port';
import { header } from '@olla/testing/http-message';
import type { Gateway } from '@olla/testing/olla-process';
import {
  chunk,
  jsonResponse,
  startRawBackend,
  whenComplete,
  type RawBackend,
  type ReceivedRequest,
} from '@olla/testing/raw-backend';
import { openConnection, type RawConnection } from '@olla/testing/raw-http';
import { Started } from '@olla/testing/started';
import { StartedProcess } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'balanced-model';
const deploy = join(import.meta.dirname, '../../deploy');
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';

interface LoadBalancer {
  readonly program: string;
  /** The example in the deploy folder. */
  readonly file: string;
  /** Replacements for ports and folders. The example must contain every `from`. */
  readonly changes: (port: number, folder: string) => readonly (readonly [from: string, to: string])[];
  readonly check: (file: string) => readonly string[];
  readonly run: (file: string) => readonly string[];
}

const LOAD_BALANCERS: readonly LoadBalancer[] = [
  {
    program: 'haproxy',
    file: join(deploy, 'haproxy/haproxy.cfg'),
    changes: (port) => [['bind :40114', `bind 127.0.0.1:${port}`]],
    check: (file) => ['-c', '-f', file],
    run: (file) => ['-db', '-f', file],
  },
  {
    program: 'nginx',
    file: join(deploy, 'nginx/nginx.conf'),
    changes: (port, folder) => [
      ['listen 40114;', `listen 127.0.0.1:${port};`],
      ['pid /run/nginx.pid;', `pid ${folder}/nginx.pid;`],
      [
        'http {',
        `http { ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}`,
      ],
    ],
    check: (file) => ['-t', '-e', 'stderr', '-c', file],
    run: (file) => ['-e', 'stderr', '-c', file, '-g', 'daemon off;'],
  },
];

/** Writes the example with the addresses of this test. */
function adapt(balancer: LoadBalancer, port: number, gateways: readonly Gateway[]): string {
  const folder = tempFolder();
  let text = readFileSync(balancer.file, 'utf8');
  const servers = gateways.map(
    (gateway, i) => [`gateway-${i + 1}:40114`, `127.0.0.1:${gateway.port}`] as const,
  );
  for (const [from, to] of [...balancer.changes(port, folder), ...servers]) {
    assert.ok(text.includes(from), `${balancer.file} holds no ${JSON.stringify(from)}`);
    text = text.replace(from, to);
  }
  const file = join(folder, 'config');
  writeFileSync(file, text);
  return file;
}

for (const balancer of LOAD_BALANCERS)
  describe(`behind ${balancer.program}`, () => {
    let backend: RawBackend;
    let gateways: Gateway[];
    let proxy: StartedProcess;
    let file: string;
    let port: number;
    const waiting: ReceivedRequest[] = [];

    const started = new Started();
    before(async () => {
      const program = needProgram(balancer.program);
      backend = started.add(await startRawBackend({ models: [MODEL] }));
      const options = {
        endpoints: [endpointConfig('one', backend)],
        models: [MODEL],
        workers: 1,
        config: {
          server: {
            shutdown_timeout: '20s',
            rate_limits: {
              global_requests_per_minute: 0,
              per_ip_requests_per_minute: 0,
              health_requests_per_minute: 0,
              trust_proxy_headers: true,
              trusted_proxy_cidrs: ['127.0.0.0/8'],
            },
          },
        },
      };
      const start = async (): Promise<Gateway> => started.add(await startGatewayFor(options));
      gateways = await Promise.all([start(), start()]);
      port = await freePort();
      file = adapt(balancer, port, gateways);
      proxy = await StartedProcess.start(program, balancer.run(file));
      started.onStop(() => {
        proxy.child.kill('SIGTERM');
        return proxy.waitForEnd();
      });
      await proxy.until(
        `${balancer.program} serves`,
        async () => (await fetch(`http://127.0.0.1:${port}/internal/health/ready`)).ok,
      );
    });
    after(() => started.stop());
    beforeEach(() => {
      waiting.length = 0;
      backend.respond = (request) => whenComplete(request, () => waiting.push(request));
    });

    /** Sends a request. Resolves when the backend has it, which has not answered yet. */
    async function sendRequest(): Promise<{ client: RawConnection; request: ReceivedRequest }> {
      const before = waiting.length;
      const client = await openConnection(port);
      const text = JSON.stringify({ model: MODEL, stream: true });
      client.write(
        `POST /olla/openai/v1/chat/completions HTTP/1.1\r\nHost: llm.example\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      );
      const request = await waitFor(() => waiting[before], { describe: 'the request at the backend' });
      return { client, request };
    }

    test('accepts the example', async () => {
      const check = await StartedProcess.start(needProgram(balancer.program), balancer.check(file));
      assert.equal((await check.waitForEnd()).code, 0, check.output);
    });

    test('passes each chunk to the client before the next is sent', async () => {
      const { client, request } = await sendRequest();
      request.socket.write(STREAM_HEAD);
      const response = await client.nextHead();
      assert.equal(response.status, 200);
      for (const n of [1, 2, 3, 4, 5]) {
        request.socket.write(chunk(`data: ${n}\n\n`));
        await waitFor(() => response.text().endsWith(`data: ${n}\n\n`), {
          describe: `chunk ${n}`,
          intervalMs: 1,
        });
      }
      request.socket.write('0\r\n\r\n');
      assert.equal((await client.nextResponse()).complete, true);
      client.destroy();
    });

    test('passes the client address and the host to the backend', async () => {
      const { client, request } = await sendRequest();
      assert.equal(header(request, 'x-forwarded-for'), '192.0.2.1, 127.0.0.1, 127.0.0.1');
      assert.equal(header(request, 'x-forwarded-host'), 'llm.example');
      request.socket.write(jsonResponse({ ok: true }));
      assert.equal((await client.nextResponse()).status, 200);
      client.destroy();
    });

    for (const begun of [true, false])
      test(`aborts the backend request when the client leaves ${begun ? 'in the middle of a stream' : 'before the head'}`, async () => {
        const { client, request } = await sendRequest();
        if (begun) {
          request.socket.write(STREAM_HEAD + chunk('data: 1\n\n'));
          await client.nextHead();
        }
        client.destroy();
        await waitFor(() => request.gone, { describe: 'the backend request to be aborted', intervalMs: 2 });
      });

    test('fails no request while a stopping gateway finishes its streams', async () => {
      // Each gateway gets one, because both load balancers choose the one with fewer connections.
      const streams = [await sendRequest(), await sendRequest()];
      for (const { client, request } of streams) {
        request.socket.write(STREAM_HEAD + chunk('data: started\n\n'));
        await client.nextHead();
      }
      const stopped = gateways[0]!.stop(20_000);
      backend.respond = (request) =>
        whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
      for (let n = 0; n < 50; n += 1) {
        const response = await fetch(`http://127.0.0.1:${port}/olla/openai/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', connection: 'close' },
          body: JSON.stringify({ model: MODEL }),
        });
        assert.equal(response.status, 200, `request ${n}\n${proxy.output}`);
        await response.text();
      }
      for (const { client, request } of streams) {
        request.socket.write(`${chunk('data: ended\n\n')}0\r\n\r\n`);
        const response = await client.nextResponse();
        assert.equal(response.complete, true);
        assert.match(response.text(), /started\n\ndata: ended/);
        client.destroy();
      }
      await stopped;
    });
  });

test('HAProxy accepts the unchanged example', async () => {
  const check = await StartedProcess.start(needProgram('haproxy'), ['-c', '-f', LOAD_BALANCERS[0]!.file]);
  assert.equal((await check.waitForEnd()).code, 0, check.output);
});
