import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { isRunning, processTree } from '@olla/testing/process-tree';
import {
  chunk,
  startRawBackend,
  whenComplete,
  type RawBackend,
  type ReceivedRequest,
} from '@olla/testing/raw-backend';
import { openConnection, type RawConnection, type RawResponse } from '@olla/testing/raw-http';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'lived';
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';

interface OpenStream {
  readonly client: RawConnection;
  readonly request: ReceivedRequest;
  readonly response: RawResponse;
}

describe('the processes of a gateway', () => {
  let backend: RawBackend;
  let gateway: Gateway;
  const started = new Started();
  before(async () => {
    backend = started.add(await startRawBackend({ models: [MODEL] }));
  });
  after(() => started.stop());
  beforeEach(async () => {
    backend.requests.length = 0;
    backend.respond = (request) =>
      whenComplete(request, () => request.socket.write(STREAM_HEAD + chunk('data: 1\n\n')));
    gateway = await startGatewayFor({
      endpoints: [endpointConfig('only', backend)],
      config: { server: { shutdown_timeout: '3s' } },
      models: [MODEL],
    });
  });
  afterEach(async () => {
    gateway.process.killTree();
    await gateway.process.waitForEnd();
  });

  async function openStream(): Promise<OpenStream> {
    const client = await openConnection(gateway.port);
    const body = JSON.stringify({ model: MODEL, stream: true });
    client.write(
      `POST /olla/openai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const response = await client.nextHead();
    assert.equal(response.status, 200);
    await waitFor(() => response.pieces.length === 1, { describe: 'the first event' });
    return { client, response, request: backend.requests.at(-1) as ReceivedRequest };
  }

  const finish = ({ request }: OpenStream): void => void request.socket.write('0\r\n\r\n');

  test('finishes running streams, refuses new connections and exits with 0 on SIGTERM', async () => {
    const tree = processTree(gateway.process.pid);
    assert.ok(tree.length >= 4, 'primary, two workers and the agent run');
    const streams = [await openStream(), await openStream(), await openStream()];
    gateway.process.child.kill('SIGTERM');
    await waitFor(
      () =>
        openConnection(gateway.port).then(
          (late) => (late.destroy(), false),
          () => true,
        ),
      {
        describe: 'new connections to be refused',
      },
    );
    for (const { request, response } of streams) {
      request.socket.write(chunk('data: 2\n\n'));
      await waitFor(() => response.text() === 'data: 1\n\ndata: 2\n\n', { describe: 'the stream to go on' });
    }
    assert.equal(isRunning(gateway.process.pid), true);
    streams.forEach(finish);
    for (const { client } of streams) assert.equal((await client.nextResponse()).complete, true);
    const finishedMs = performance.now();
    assert.deepEqual(await gateway.process.waitForEnd(), { code: 0, signal: null });
    const lingeredMs = performance.now() - finishedMs;
    assert.ok(
      lingeredMs < 1_500,
      `exited ${lingeredMs} ms after the last stream, so idle connections kept it`,
    );
    await waitFor(() => !tree.some(isRunning), { describe: 'the end of all processes' });
  });

  test('drains when every process gets SIGTERM at once, as from a service manager', async () => {
    const stream = await openStream();
    for (const pid of processTree(gateway.process.pid)) process.kill(pid, 'SIGTERM');
    await waitFor(() => gateway.process.stdout.includes('SIGTERM'), { describe: 'the drain to begin' });
    await waitFor(() => gateway.children().agent === undefined || gateway.children().workers.length < 2, {
      describe: 'an idle process to end',
    });
    stream.request.socket.write(chunk('data: 2\n\n'));
    await waitFor(() => stream.response.text() === 'data: 1\n\ndata: 2\n\n', {
      describe: 'the stream to go on',
    });
    finish(stream);
    assert.equal((await stream.client.nextResponse()).complete, true);
    assert.deepEqual(await gateway.process.waitForEnd(), { code: 0, signal: null });
  });

  test('cuts off a stream that lasts longer than shutdown_timeout', async () => {
    const { client } = await openStream();
    const startedMs = performance.now();
    gateway.process.child.kill('SIGTERM');
    await gateway.process.waitForEnd(8_000);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs > 2_500 && tookMs < 6_000, `took ${tookMs} ms`);
    assert.equal((await client.nextResponse()).complete, false);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`stops at once on a second signal (${signal})`, async () => {
      const tree = processTree(gateway.process.pid);
      await openStream();
      gateway.process.child.kill('SIGTERM');
      await waitFor(() => gateway.process.stdout.includes('SIGTERM'), { describe: 'the drain to begin' });
      const startedMs = performance.now();
      gateway.process.child.kill(signal);
      const { code } = await gateway.process.waitForEnd();
      assert.notEqual(code, 0);
      assert.ok(performance.now() - startedMs < 1_500);
      await waitFor(() => !tree.some(isRunning), { describe: 'the end of all processes' });
    });
  }

  test('breaks only the streams of a killed worker, and replaces it', async () => {
    const { workers } = gateway.children();
    assert.equal(workers.length, 2);
    const streams: OpenStream[] = [];
    for (let n = 0; n < 6; n += 1) streams.push(await openStream());
    process.kill(workers[0] ?? 0, 'SIGKILL');
    await waitFor(() => streams.some(({ client }) => client.closed), {
      describe: "the killed worker's streams to break",
    });
    // The other worker serves requests meanwhile.
    for (let n = 0; n < 10; n += 1) {
      const stream = await openStream();
      finish(stream);
      assert.equal((await stream.client.nextResponse()).complete, true);
      stream.client.destroy();
    }
    await waitFor(() => gateway.children().workers.length === 2, { describe: 'a new worker' });
    const lost = streams.filter(({ client }) => client.closed);
    assert.equal(lost.length, 3, 'connections are spread evenly');
    for (const { request } of lost)
      await waitFor(() => request.gone, { describe: 'the backend request of a lost stream to be aborted' });
    for (const stream of streams.filter((other) => !lost.includes(other))) {
      finish(stream);
      assert.equal((await stream.client.nextResponse()).complete, true);
    }
    await gateway.stop();
  });

  test('passes connections of a dying worker to another one', async () => {
    const { workers } = gateway.children();
    const stopped = workers[0] ?? 0;
    process.kill(stopped, 'SIGSTOP');
    // Each worker gets one of the two connections, and the stopped one does not accept it.
    const streams = [openStream(), openStream()];
    await Promise.race(streams);
    process.kill(stopped, 'SIGKILL');
    for (const opening of streams) {
      const stream = await opening;
      finish(stream);
      assert.equal((await stream.client.nextResponse()).complete, true);
    }
    await gateway.stop();
  });

  test('closes a waiting connection when the only worker dies', async () => {
    gateway.process.killTree();
    gateway = await startGatewayFor({
      endpoints: [endpointConfig('only', backend)],
      workers: 1,
      models: [MODEL],
    });
    const [worker] = gateway.children().workers;
    process.kill(worker ?? 0, 'SIGSTOP');
    const before = openFiles(gateway.process.pid);
    const client = await openConnection(gateway.port);
    await waitFor(() => openFiles(gateway.process.pid) > before, {
      describe: 'the primary to have accepted',
    });
    process.kill(worker ?? 0, 'SIGKILL');
    await waitFor(() => client.closed, { describe: 'the connection to be closed' });
    await gateway.stop();
  });

  test('ends a starting worker at once on SIGTERM', async () => {
    const [killed] = gateway.children().workers;
    process.kill(killed as number, 'SIGKILL');
    await waitFor(() => gateway.process.stdout.includes('starting it again'), { describe: 'a new worker' });
    const startedMs = performance.now();
    await gateway.stop();
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 2_500, `took ${tookMs} ms, as if it had to be killed`);
  });

  test('restarts a killed agent', async () => {
    const { agent } = gateway.children();
    process.kill(agent ?? 0, 'SIGKILL');
    await waitFor(
      () => {
        const next = gateway.children().agent;
        return next !== undefined && next !== agent;
      },
      { describe: 'a new agent' },
    );
    const stream = await openStream();
    finish(stream);
    assert.equal((await stream.client.nextResponse()).complete, true);
    await gateway.stop();
  });

  test('ends all children when the primary is killed', async () => {
    const tree = processTree(gateway.process.pid);
    process.kill(gateway.process.pid, 'SIGKILL');
    await waitFor(() => !tree.some(isRunning), { describe: 'the end of workers and agent' });
  });
});

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
