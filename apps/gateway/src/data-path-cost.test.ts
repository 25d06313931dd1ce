/**
 * What the path of a request does on the steady path: keep-alive connections, a model that is known, limits whose
 * leases are in hand. A real gateway with one worker, counted from inside the worker.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { DataPathProbe, difference, type DataPathCounts } from '@olla/testing/data-path-counts';
import { startGateway, type Gateway } from '@olla/testing/olla-process';

const REQUESTS = 1000;
const CONNECTIONS = 4;

const probe = new DataPathProbe();
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let backend: Server;
let gateway: Gateway;
let worker: number;

before(async () => {
  backend = createServer(answer).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const { port } = backend.address() as AddressInfo;
  const plenty = 100_000_000;
  gateway = await startGateway({
    workers: 1,
    env: probe.env,
    config: {
      server: {
        request_logging: true,
        rate_limits: {
          global_requests_per_minute: plenty,
          per_ip_requests_per_minute: plenty,
          burst_size: plenty,
        },
      },
      discovery: {
        static: { endpoints: [{ url: `http://127.0.0.1:${port}`, name: 'one', type: 'openai-compatible' }] },
      },
    },
  });
  worker = gateway.children().workers[0]!;
  await ask(200);
});

after(async () => {
  agent.destroy();
  await gateway.stop();
  backend.closeAllConnections();
  backend.close();
});

function answer(incoming: IncomingMessage, response: import('node:http').ServerResponse): void {
  incoming.resume().on('end', () => {
    response.setHeader('Content-Type', 'application/json');
    response.end(incoming.url === '/v1/models' ? '{"object":"list","data":[{"id":"m"}]}' : '{"ok":true}');
  });
}

/** Sends so many requests over the keep-alive connections; all have to be answered with 200. */
async function ask(count: number): Promise<void> {
  let left = count;
  const askInTurn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      assert.equal(await askOnce(), 200);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, askInTurn));
}

async function askOnce(): Promise<number | undefined> {
  const sent = request(`${gateway.url}/olla/openai/v1/chat/completions`, { method: 'POST', agent });
  sent.setHeader('Content-Type', 'application/json').end('{"model":"m","messages":[]}');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

async function countRequests(count: number): Promise<{ counts: DataPathCounts; seconds: number }> {
  const first = await probe.read(worker);
  const startMs = performance.now();
  await ask(count);
  const seconds = (performance.now() - startMs) / 1000;
  return { counts: difference(first, await probe.read(worker)), seconds };
}

test('x', async () => {
  const { counts, seconds } = await countRequests(REQUESTS);
  console.log(seconds, counts);
});
