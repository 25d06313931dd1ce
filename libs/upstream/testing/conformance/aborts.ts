import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import { Attempt, attempt, TestSource } from '../attempt.ts';
import { startRawServer } from '../raw-server.ts';
import { OK, openUpstream } from './fixture.ts';
import type { MakeUpstream } from './make-upstream.ts';

const HALF_CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';

export function abortContract(make: MakeUpstream): void {
  describe('an attempt that is aborted', () => {
    test('before the head closes its connection, and no event follows', async (t) => {
      const server = await startRawServer(t, () => undefined);
      const upstream = openUpstream(t, make, server);
      const running = new Attempt(upstream);
      await waitFor(() => server.peers[0]?.received, { describe: 'the request', intervalMs: 1 });
      running.call.abort();
      await server.peers[0]?.closed;
      assert.deepEqual(running.allEvents, []);
      assert.equal(upstream.connections, 0);
    });

    test('within the body closes its connection, and no event follows', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(HALF_CHUNKED));
      const upstream = openUpstream(t, make, server);
      const running = new Attempt(upstream);
      await waitFor(() => running.body === 'half', { describe: 'the first bytes', intervalMs: 1 });
      running.call.abort();
      const before = [...running.events];
      server.peers[0]?.socket.write('4\r\nmore\r\n0\r\n\r\n');
      await server.peers[0]?.closed;
      assert.deepEqual(running.events, before);
      assert.equal(upstream.connections, 0);
    });

    for (const at of ['head', 'data'] as const)
      test(`by its listener at the ${at} reports no event after it`, async (t) => {
        const server = await startRawServer(t, ({ socket }) => void socket.write(`${HALF_CHUNKED}0\r\n\r\n`));
        const upstream = openUpstream(t, make, server);
        const running = new Attempt(upstream, {
          onEvent: (event, call) => {
            if (event === at) call.abort();
          },
        });
        await waitFor(() => server.peers[0]?.socket.destroyed, {
          describe: 'the connection to be closed',
          intervalMs: 1,
        });
        assert.deepEqual(running.events, at === 'head' ? ['head 200'] : ['head 200', 'data']);
        assert.equal(upstream.connections, 0);
      });

    test('before there is a connection reports no event, and does not start its body', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(OK));
      const upstream = openUpstream(t, make, server);
      const source = new TestSource();
      const running = new Attempt(upstream, { method: 'POST', body: source });
      running.call.abort();
      // The next request has gone through the same steps when it is answered.
      assert.equal((await attempt(upstream)).body, 'ok');
      assert.deepEqual(running.allEvents, []);
      assert.equal(source.isStarted, false);
    });

    test('stops its body', async (t) => {
      const server = await startRawServer(t, () => undefined);
      const source = new TestSource((sink) => void sink.data(Buffer.from('abc')));
      const running = new Attempt(openUpstream(t, make, server), { method: 'POST', body: source });
      await waitFor(() => server.peers[0]?.received.includes('abc'), {
        describe: 'its beginning',
        intervalMs: 1,
      });
      running.call.abort();
      assert.equal(source.stopped, true);
      await server.peers[0]?.closed;
    });

    test('after its end does not end the attempt that uses its connection now', async (t) => {
      const server = await startRawServer(t, ({ socket, received }) => {
        if (received.split('\r\n\r\n').length === 2) socket.write(OK);
      });
      const upstream = openUpstream(t, make, server);
      const first = await attempt(upstream);
      const second = new Attempt(upstream);
      first.call.abort();
      first.call.resume();
      await waitFor(() => server.peers[0]?.received.split('\r\n\r\n').length === 3, {
        describe: 'the second request',
        intervalMs: 1,
      });
      server.peers[0]?.socket.write(OK);
      assert.equal((await second.over).body, 'ok');
      assert.equal(server.peers.length, 1);
    });
  });
}
