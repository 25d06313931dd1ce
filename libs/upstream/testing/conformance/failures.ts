import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import { Attempt, attempt } from '../attempt.ts';
import { startRawServer, type RawPeer } from '../raw-server.ts';
import { closedOrigin, OK, openUpstream } from './fixture.ts';
import type { MakeUpstream } from './make-upstream.ts';

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';
const HALF_CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';

export function failureContract(make: MakeUpstream): void {
  describe('a failure of kind connect', () => {
    test('is a connection that is refused', async (t) => {
      const { failure, events } = await attempt(openUpstream(t, make, { origin: await closedOrigin() }));
      assert.deepEqual([failure?.kind, failure?.code, failure?.reused], ['connect', 'ECONNREFUSED', false]);
      assert.deepEqual(events, ['failure connect']);
    });

    test('is a name that does not resolve', async (t) => {
      const upstream = openUpstream(t, make, { origin: 'http://no-such-host.invalid' });
      assert.equal((await attempt(upstream)).failure?.kind, 'connect');
    });

    test('is a TLS handshake that is not finished in time', async (t) => {
      const server = await startRawServer(t, () => undefined);
      const origin = server.origin.replace('http:', 'https:');
      const upstream = openUpstream(t, make, { origin, connectTimeoutMs: 60 });
      assert.equal((await attempt(upstream)).failure?.kind, 'connect');
    });

    test('is a TLS handshake that fails', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.end('no TLS\r\n'));
      const origin = server.origin.replace('http:', 'https:');
      assert.equal((await attempt(openUpstream(t, make, { origin }))).failure?.kind, 'connect');
    });
  });

  describe('a failure of kind reset', () => {
    for (const [what, end] of [
      ['reset', ({ socket }: RawPeer) => socket.resetAndDestroy()],
      ['closed', ({ socket }: RawPeer) => void socket.end()],
      ['closed within the head', ({ socket }: RawPeer) => void socket.end('HTTP/1.1 200 OK\r\nContent-')],
    ] as const)
      test(`is a connection that is ${what} before the head of a response`, async (t) => {
        const server = await startRawServer(t, end);
        const { failure, events } = await attempt(openUpstream(t, make, server));
        assert.deepEqual([failure?.kind, failure?.reused], ['reset', false]);
        assert.deepEqual(events, ['failure reset']);
      });

    test('has `reused` set when its connection had carried a response before', async (t) => {
      let requests = 0;
      const server = await startRawServer(t, ({ socket }) => {
        requests += 1;
        if (requests === 1) socket.write(OK);
        else socket.resetAndDestroy();
      });
      const upstream = openUpstream(t, make, server);
      await attempt(upstream);
      const { failure } = await attempt(upstream);
      assert.deepEqual([failure?.kind, failure?.reused], ['reset', true]);
      const fresh = (await attempt(upstream)).failure;
      assert.deepEqual([fresh?.kind, fresh?.reused], ['reset', false]);
    });
  });

  describe('a failure of kind head_timeout', () => {
    test('is silence before the head; the connection is closed', async (t) => {
      const server = await startRawServer(t, () => undefined);
      const upstream = openUpstream(t, make, { ...server, headTimeoutMs: 60 });
      const { events } = await attempt(upstream);
      assert.deepEqual(events, ['failure head_timeout']);
      await server.peers[0]?.closed;
    });
  });

  describe('a failure of kind body_timeout', () => {
    test('is silence within the body; the bytes before it were reported', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(HALF));
      const upstream = openUpstream(t, make, { ...server, readTimeoutMs: 60 });
      const { body, events } = await attempt(upstream);
      assert.equal(body, 'half');
      assert.deepEqual(events, ['head 200', 'data', 'failure body_timeout']);
      await server.peers[0]?.closed;
    });

    test('does not happen while the listener has paused the response', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(HALF));
      const upstream = openUpstream(t, make, { ...server, readTimeoutMs: 40 });
      const running = new Attempt(upstream, { onEvent: (event) => event !== 'data' });
      await waitFor(() => running.body === 'half', { describe: 'the first bytes', intervalMs: 1 });
      // A second attempt that times out shows that the time has passed.
      assert.equal((await attempt(upstream)).failure?.kind, 'body_timeout');
      assert.equal(running.failure, null);
      running.call.abort();
    });
  });

  describe('a failure of kind truncated', () => {
    for (const [what, end] of [
      ['ends short of its length', ({ socket }: RawPeer) => void socket.end(HALF)],
      ['ends without its last chunk', ({ socket }: RawPeer) => void socket.end(HALF_CHUNKED)],
      ['ends within a chunk', ({ socket }: RawPeer) => void socket.end(`${HALF_CHUNKED}ff\r\n`)],
    ] as const)
      test(`is a response that ${what}; the bytes before it were reported`, async (t) => {
        const server = await startRawServer(t, end);
        const { failure, body, events } = await attempt(openUpstream(t, make, server));
        assert.deepEqual([failure?.kind, body], ['truncated', 'half']);
        assert.deepEqual(events, ['head 200', 'data', 'failure truncated']);
      });

    test('is a connection that is reset within the body', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(HALF));
      const running = new Attempt(openUpstream(t, make, server));
      await waitFor(() => running.body === 'half', { describe: 'the first bytes', intervalMs: 1 });
      server.peers[0]?.socket.resetAndDestroy();
      assert.equal((await running.over).failure?.kind, 'truncated');
    });
  });

  describe('a failure of kind protocol', () => {
    for (const [what, bytes] of [
      ['is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
      ['is HTTP/2', '\0\0\x12\x04\0\0\0\0\0'],
      ['has a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n'],
      ['has a header line without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
    ] as const)
      test(`is a head that ${what}, reported at once and before any other event`, async (t) => {
        const server = await startRawServer(t, ({ socket }) => void socket.write(bytes));
        const { events } = await attempt(openUpstream(t, make, server));
        assert.deepEqual(events, ['failure protocol']);
        await server.peers[0]?.closed;
      });

    test('is a chunk without a size; the bytes before it were reported', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(`${HALF_CHUNKED}zz\r\n`));
      const { body, events } = await attempt(openUpstream(t, make, server));
      assert.equal(body, 'half');
      assert.deepEqual(events, ['head 200', 'data', 'failure protocol']);
    });
  });

  describe('after a failure', () => {
    test('the next attempt goes over a new connection', async (t) => {
      let requests = 0;
      const server = await startRawServer(t, ({ socket }) => {
        requests += 1;
        socket.write(requests === 1 ? 'what?!\r\n' : OK);
      });
      const upstream = openUpstream(t, make, server);
      assert.equal((await attempt(upstream)).failure?.kind, 'protocol');
      assert.equal((await attempt(upstream)).body, 'ok');
      assert.equal(server.peers.length, 2);
    });
  });
}
