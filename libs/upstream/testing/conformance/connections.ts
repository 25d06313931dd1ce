import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import { Attempt, attempt } from '../attempt.ts';
import { startRawServer } from '../raw-server.ts';
import { OK, openUpstream } from './fixture.ts';
import type { MakeUpstream } from './make-upstream.ts';

export function connectionContract(make: MakeUpstream): void {
  describe('a connection', () => {
    for (const [what, method, response] of [
      ['a counted body', 'GET', OK],
      ['chunks', 'GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
      ['no body', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ] as const)
      test(`carries the next request after a response with ${what}`, async (t) => {
        const server = await startRawServer(t, ({ socket }) => void socket.write(response));
        const upstream = openUpstream(t, make, server);
        for (let n = 0; n < 3; n += 1) assert.equal((await attempt(upstream, { method })).ended, true);
        assert.equal(server.peers.length, 1);
        assert.equal(upstream.connections, 1);
      });

    test('is a new one for a request that asks for it', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(OK));
      const upstream = openUpstream(t, make, server);
      await attempt(upstream);
      await attempt(upstream, { freshConnection: true });
      assert.equal(server.peers.length, 2);
    });

    test('is a new one while the others are in use', async (t) => {
      const server = await startRawServer(t, () => undefined);
      const upstream = openUpstream(t, make, server);
      const running = [1, 2, 3].map(() => new Attempt(upstream));
      await waitFor(() => server.peers.filter(({ received }) => received !== '').length === 3, {
        describe: 'three connections',
        intervalMs: 1,
      });
      assert.equal(upstream.connections, 3);
      for (const { socket } of server.peers) socket.write(OK);
      for (const { over } of running) assert.equal((await over).body, 'ok');
    });

    for (const [what, response] of [
      ['says that it closes it', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
      ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['sends more than its response', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx`],
    ] as const)
      test(`does not carry another request when the server ${what}`, async (t) => {
        const server = await startRawServer(t, ({ socket }) => void socket.write(response));
        const upstream = openUpstream(t, make, server);
        for (let n = 0; n < 2; n += 1) {
          const { body, ended } = await attempt(upstream);
          assert.deepEqual([body, ended], ['ok', true]);
          await server.peers[n]?.closed;
        }
        assert.equal(server.peers.length, 2);
      });

    test('is not reused when the server closes it in spite of `keep-alive`', async (t) => {
      const server = await startRawServer(t, ({ socket }) => socket.end(OK));
      const upstream = openUpstream(t, make, server);
      assert.equal((await attempt(upstream)).body, 'ok');
      await waitFor(() => upstream.connections === 0, {
        describe: 'the client to see the closed connection',
        intervalMs: 1,
      });
      assert.equal((await attempt(upstream)).body, 'ok');
      assert.equal(server.peers.length, 2);
    });

    test('is closed when the server writes to it while it is idle, so that the bytes answer no later request', async (t) => {
      let requests = 0;
      const server = await startRawServer(t, ({ socket }) => {
        requests += 1;
        socket.write(requests === 1 ? OK : 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright');
      });
      const upstream = openUpstream(t, make, server);
      await attempt(upstream);
      server.peers[0]?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong');
      await server.peers[0]?.closed;
      await waitFor(() => upstream.connections === 0, {
        describe: 'the client to see the closed connection',
        intervalMs: 1,
      });
      assert.equal((await attempt(upstream)).body, 'right');
    });

    test('that the server closes while it is idle makes no request fail', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(OK));
      const upstream = openUpstream(t, make, server);
      await attempt(upstream);
      server.peers[0]?.socket.end();
      await waitFor(() => upstream.connections === 0, {
        describe: 'the client to see the closed connection',
        intervalMs: 1,
      });
      assert.equal((await attempt(upstream)).body, 'ok');
    });

    test('is closed with the upstream when idle, and after its response when in use', async (t) => {
      const server = await startRawServer(t, ({ socket, number }) => {
        if (number === 1) socket.write(OK);
      });
      const upstream = openUpstream(t, make, server);
      await attempt(upstream);
      const running = new Attempt(upstream, { freshConnection: true });
      await waitFor(() => server.peers[1]?.received, { describe: 'the second request', intervalMs: 1 });
      upstream.close();
      await server.peers[0]?.closed;
      server.peers[1]?.socket.write(OK);
      assert.equal((await running.over).body, 'ok');
      await server.peers[1]?.closed;
      await waitFor(() => upstream.connections === 0, { describe: 'none to be left', intervalMs: 1 });
    });
  });
}
