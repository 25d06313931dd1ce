import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import { Attempt, attempt, TestSource } from '../attempt.ts';
import { startRawServer } from '../raw-server.ts';
import { closedOrigin, OK, openUpstream, settled } from './fixture.ts';
import type { MakeUpstream } from './make-upstream.ts';

export function requestContract(make: MakeUpstream): void {
  describe('a request', () => {
    test('goes out with its method, its path byte by byte and its headers unchanged', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(OK));
      await attempt(openUpstream(t, make, server), {
        method: 'DELETE',
        path: '/a%2Fb//c?x=%20&x=',
        headers: ['Host', 'h:1', 'X-Custom', 'a  b', 'x-TWICE', '1', 'X-Twice', '2'],
      });
      const [head = ''] = server.peers[0]?.received.split('\r\n\r\n') ?? [];
      const [line, ...headers] = head.split('\r\n');
      assert.equal(line, 'DELETE /a%2Fb//c?x=%20&x= HTTP/1.1');
      for (const header of ['X-Custom: a  b', 'x-TWICE: 1', 'X-Twice: 2'])
        assert.ok(headers.includes(header), head);
      assert.equal(headers.filter((header) => /^host: h:1$/i.test(header)).length, 1);
    });

    test('without a body announces none', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(OK));
      await attempt(openUpstream(t, make, server));
      assert.doesNotMatch(server.peers[0]?.received ?? '', /content-length|transfer-encoding/i);
    });

    for (const [what, headers] of [
      ['its length announced', ['Host', 'x', 'Content-Length', '7']],
      ['its length not announced', ['Host', 'x']],
    ] as const)
      test(`with a complete body is sent with Content-Length: ${what}`, async (t) => {
        const server = await startRawServer(t, ({ socket, received }) => {
          if (received.endsWith('{"a":1}')) socket.write(OK);
        });
        const { body } = await attempt(openUpstream(t, make, server), {
          method: 'POST',
          headers: [...headers],
          body: Buffer.from('{"a":1}'),
        });
        assert.equal(body, 'ok');
        const [head = ''] = server.peers[0]?.received.split('\r\n\r\n') ?? [];
        assert.equal(head.match(/^content-length: 7$/gim)?.length, 1, head);
      });

    test('that would start another line on the wire fails as `request`, and none of it is sent', async (t) => {
      const server = await startRawServer(t, ({ socket }) => void socket.write(OK));
      const upstream = openUpstream(t, make, server);
      for (const bad of [
        { headers: ['Host', 'x', 'A', 'b\r\nC: d'] },
        { headers: ['Host', 'x', 'A', 'b\0'] },
        { path: '/a b' },
        { path: '/a\r\nX: y' },
      ])
        assert.equal((await attempt(upstream, bad)).failure?.kind, 'request', JSON.stringify(bad));
      assert.equal((await attempt(upstream)).body, 'ok');
      assert.ok(server.peers.every(({ received }) => !/C: d|X: y/.test(received)));
    });
  });

  describe('a body in pieces', () => {
    test('is sent in chunks when its length is not known', async (t) => {
      const server = await startRawServer(t, ({ socket, received }) => {
        if (received.endsWith('0\r\n\r\n')) socket.write(OK);
      });
      const source = new TestSource((sink) => {
        sink.data(Buffer.from('hello'));
        setImmediate(() => {
          sink.data(Buffer.from('world!'));
          sink.end();
        });
      });
      const { body } = await attempt(openUpstream(t, make, server), { method: 'POST', body: source });
      assert.equal(body, 'ok');
      assert.match(server.peers[0]?.received ?? '', /transfer-encoding: chunked\r\n/i);
      assert.match(server.peers[0]?.received ?? '', /\r\n\r\n5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n$/i);
    });

    test('is sent with Content-Length when its length is announced', async (t) => {
      const server = await startRawServer(t, ({ socket, received }) => {
        if (received.endsWith('helloworld')) socket.write(OK);
      });
      const { body } = await attempt(openUpstream(t, make, server), {
        method: 'POST',
        headers: ['Host', 'x', 'Content-Length', '10'],
        body: TestSource.of('hello', 'world'),
      });
      assert.equal(body, 'ok');
      assert.doesNotMatch(server.peers[0]?.received ?? '', /transfer-encoding/i);
    });

    test('is sent piece by piece: the server has a piece before the next one exists', async (t) => {
      const server = await startRawServer(t, () => undefined);
      const source = new TestSource();
      const running = new Attempt(openUpstream(t, make, server), { method: 'POST', body: source });
      const sink = await source.started;
      for (const piece of ['first', 'second']) {
        sink.data(Buffer.from(piece));
        await waitFor(() => server.peers[0]?.received.includes(piece), { describe: piece, intervalMs: 1 });
      }
      sink.end();
      await waitFor(() => server.peers[0]?.received.endsWith('0\r\n\r\n'), {
        describe: 'its end',
        intervalMs: 1,
      });
      server.peers[0]?.socket.write(OK);
      assert.equal((await running.over).body, 'ok');
    });

    test('is not started while there is no connection', async (t) => {
      const source = new TestSource();
      const closed = openUpstream(t, make, { origin: await closedOrigin() });
      assert.equal((await attempt(closed, { method: 'POST', body: source })).failure?.kind, 'connect');
      assert.equal(source.isStarted, false);
    });

    test('is paused while the server does not read, and resumes when it does', async (t) => {
      const total = 16 * 1024 * 1024;
      const piece = Buffer.alloc(64 * 1024, 'x');
      let reading = false;
      const server = await startRawServer(t, ({ socket, received }) => {
        if (!reading) socket.pause();
        if (received.length >= total) socket.write(OK);
      });
      let sent = 0;
      let heldBack = false;
      const pump = (): void => {
        while (sent < total) {
          sent += piece.length;
          if (sink?.data(piece) === false) {
            heldBack = true;
            return;
          }
        }
        sink?.end();
      };
      let sink: Awaited<TestSource['started']> | undefined;
      const source = new TestSource((started) => {
        sink = started;
        pump();
      }, pump);
      const running = new Attempt(openUpstream(t, make, server), {
        method: 'POST',
        headers: ['Host', 'x', 'Content-Length', String(total)],
        body: source,
      });
      await waitFor(() => heldBack && server.peers.length > 0, {
        describe: 'the body to be held back',
        intervalMs: 1,
      });
      server.peers[0]?.socket.pause();
      await settled(() => sent);
      assert.ok(sent < total, `${sent} bytes were accepted that were not read`);
      reading = true;
      server.peers[0]?.socket.resume();
      assert.equal((await running.over).body, 'ok');
      assert.ok(source.resumed > 0);
    });

    for (const [what, pieces] of [
      ['shorter', ['abc']],
      ['longer', ['abcdefgh', 'ijklmnop']],
    ] as const)
      test(`fails as \`request\` when it is ${what} than announced, and never looks complete`, async (t) => {
        const server = await startRawServer(t, () => undefined);
        const { failure } = await attempt(openUpstream(t, make, server), {
          method: 'POST',
          headers: ['Host', 'x', 'Content-Length', '10'],
          body: TestSource.of(...pieces),
        });
        assert.equal(failure?.kind, 'request');
        await waitFor(() => server.peers.length === 0 || server.peers[0]?.socket.destroyed, {
          describe: 'the connection to be closed',
          intervalMs: 1,
        });
        const [, sent = ''] = server.peers[0]?.received.split('\r\n\r\n') ?? [];
        assert.notEqual(sent.length, 10);
      });

    test('fails as `request` when it breaks off, and never looks complete', async (t) => {
      const server = await startRawServer(t, () => undefined);
      const source = new TestSource();
      const running = new Attempt(openUpstream(t, make, server), { method: 'POST', body: source });
      const sink = await source.started;
      sink.data(Buffer.from('abc'));
      await waitFor(() => server.peers[0]?.received.includes('abc'), {
        describe: 'its beginning',
        intervalMs: 1,
      });
      sink.fail(new Error('the client left'));
      assert.equal((await running.over).failure?.kind, 'request');
      await server.peers[0]?.closed;
      assert.doesNotMatch(server.peers[0]?.received ?? '', /\r\n0\r\n\r\n$/);
    });

    test('is stopped when the response is complete before it', async (t) => {
      const server = await startRawServer(t, ({ socket, received }) => {
        if (received.includes('abc')) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
      });
      const source = new TestSource((sink) => void sink.data(Buffer.from('abc')));
      const upstream = openUpstream(t, make, server);
      const { status, body } = await attempt(upstream, { method: 'POST', body: source });
      assert.deepEqual([status, body], [413, 'no']);
      assert.equal(source.stopped, true);
      await server.peers[0]?.closed;
    });

    test('is stopped when the attempt fails', async (t) => {
      const server = await startRawServer(t, ({ socket }) => socket.resetAndDestroy());
      const source = new TestSource((sink) => void sink.data(Buffer.from('abc')));
      const { failure } = await attempt(openUpstream(t, make, server), { method: 'POST', body: source });
      assert.equal(failure?.kind, 'reset');
      assert.equal(source.stopped, true);
    });
  });
}
