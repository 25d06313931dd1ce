import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import { Attempt, attempt } from '../attempt.ts';
import { startRawServer } from '../raw-server.ts';
import { OK, openUpstream, settled } from './fixture.ts';
import type { MakeUpstream } from './make-upstream.ts';

export function responseContract(make: MakeUpstream): void {
  describe('a response', () => {
    test('arrives as head, data and end, with its headers flat and as the server wrote them', async (t) => {
      const server = await startRawServer(
        t,
        ({ socket }) =>
          void socket.write(
            'HTTP/1.1 418 I am a teapot\r\nX-Custom:  a  b \r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 3\r\n\r\nabc',
          ),
      );
      const { status, rawHeaders, body, events } = await attempt(openUpstream(t, make, server));
      assert.deepEqual([status, body], [418, 'abc']);
      assert.deepEqual(rawHeaders, [
        ...['X-Custom', 'a  b', 'set-cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Length', '3'],
      ]);
      assert.deepEqual(events, ['head 418', 'data', 'end']);
    });

    test('reports its head before any byte of its body has arrived', async (t) => {
      const server = await startRawServer(
        t,
        ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'),
      );
      const running = new Attempt(openUpstream(t, make, server));
      await waitFor(() => running.allEvents.includes('quiet'), { describe: 'the head', intervalMs: 1 });
      assert.deepEqual(running.allEvents.slice(0, 2), ['head 200', 'quiet']);
      server.peers[0]?.socket.write('ok');
      assert.equal((await running.over).body, 'ok');
    });

    test('with chunks arrives without their framing and without trailers, however its bytes are split', async (t) => {
      const whole =
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Time\r\n\r\n5;ext=1\r\nhello\r\n0006\r\n world\r\n0\r\nX-Time: 5ms\r\n\r\n';
      const server = await startRawServer(t, ({ socket, number }) => {
        if (number === 1) return void socket.write(whole);
        let at = 0;
        const next = (): void => {
          socket.write(whole.charAt(at));
          at += 1;
          if (at < whole.length) setImmediate(next);
        };
        next();
      });
      const upstream = openUpstream(t, make, server);
      for (const freshConnection of [false, true]) {
        const { body, events } = await attempt(upstream, { freshConnection });
        assert.equal(body, 'hello world');
        assert.deepEqual([events[0], events.at(-1)], ['head 200', 'end']);
      }
    });

    test('without a length ends with its connection', async (t) => {
      const server = await startRawServer(t, ({ socket }) =>
        socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'),
      );
      const { body, ended } = await attempt(openUpstream(t, make, server));
      assert.deepEqual([body, ended], ['until the end', true]);
    });

    for (const [method, head] of [
      ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n'],
      ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
      ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
      ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'],
      ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ] as const)
      test(`without a body ends with its head: ${method} ${JSON.stringify(head)}`, async (t) => {
        const server = await startRawServer(t, ({ socket }) => void socket.write(head));
        const { events } = await attempt(openUpstream(t, make, server), { method });
        assert.deepEqual(events, [`head ${head.slice(9, 12)}`, 'end']);
      });

    test('follows interim responses (1xx), which are not reported', async (t) => {
      const server = await startRawServer(
        t,
        ({ socket }) =>
          void socket.write(
            `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}`,
          ),
      );
      const { events, rawHeaders } = await attempt(openUpstream(t, make, server));
      assert.deepEqual(events, ['head 200', 'data', 'end']);
      assert.deepEqual(rawHeaders, ['Content-Length', '2']);
    });

    test('stops reading while its listener returns false, and loses no byte', async (t) => {
      const total = 32 * 1024 * 1024;
      const piece = Buffer.alloc(64 * 1024, 'x');
      let written = 0;
      const server = await startRawServer(t, ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
        const more = (): void => {
          while (written < total) {
            written += piece.length;
            if (!socket.write(piece)) return void socket.once('drain', more);
          }
        };
        more();
      });
      let isPaused = true;
      let dataEvents = 0;
      const running = new Attempt(openUpstream(t, make, server), {
        onEvent: (event) => {
          if (event !== 'data') return true;
          dataEvents += 1;
          return !isPaused;
        },
      });
      await waitFor(() => dataEvents > 0, { describe: 'the first bytes', intervalMs: 1 });
      await settled(() => written);
      assert.ok(written < total, `${written} bytes were read although the listener returned false`);
      assert.equal(dataEvents, 1, 'no data followed after the listener returned false');
      isPaused = false;
      running.call.resume();
      assert.equal((await running.over).body.length, total);
    });
  });
}
