import assert from 'node:assert/strict';
import dns, { type LookupAddress, type LookupAllOptions } from 'node:dns';
import { describe, test, type TestContext } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import { attempt, TestSource } from '../../testing/attempt.ts';
import { startRawServer, type RawServer } from '../../testing/raw-server.ts';
import { Http1Upstream, type Http1UpstreamOptions } from './http1-upstream.ts';

type LookupDone = (error: null, address: string | LookupAddress[], family?: number) => void;

/** Options of a client without time limits. */
const TICK_MS = 1_000;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function upstreamTo(
  t: TestContext,
  { origin }: RawServer,
  options: Partial<Http1UpstreamOptions> = {},
): Http1Upstream {
  const upstream = new Http1Upstream({
    origin,
    connectTimeoutMs: 5_000,
    tlsHandshakeTimeoutMs: 0,
    keepAliveMs: 0,
    maxAgeMs: 0,
    headTimeoutMs: 0,
    readTimeoutMs: 0,
    ...options,
  });
  t.after(() => upstream.close());
  return upstream;
}

/** Every name leads to the loopback address. */
function resolveToLoopback(t: TestContext): ReturnType<typeof t.mock.method> {
  return t.mock.method(dns, 'lookup', (_: string, options: LookupAllOptions, done: LookupDone) => {
    const all = [{ address: '127.0.0.1', family: 4 }];
    process.nextTick(done, null, options.all === true ? all : '127.0.0.1', 4);
  });
}

// What every implementation of Upstream promises is in ../conformance.test.ts.
describe("the project's client", () => {
  test('writes the given head unchanged and in its order, in one write with a small body', async (t) => {
    const pieces: string[] = [];
    const server = await startRawServer(t, ({ socket }, piece) => {
      pieces.push(piece);
      socket.write(OK);
    });
    await attempt(upstreamTo(t, server), {
      method: 'POST',
      path: '/a%2Fb?x=%20',
      headers: ['Host', 'h:1', 'content-LENGTH', '7', 'X-É', 'é'],
      body: Buffer.from('{"a":1}'),
    });
    assert.deepEqual(pieces, [
      'POST /a%2Fb?x=%20 HTTP/1.1\r\nHost: h:1\r\ncontent-LENGTH: 7\r\nX-É: é\r\n\r\n{"a":1}',
    ]);
  });

  test('reuses the connection that was used last', async (t) => {
    const server = await startRawServer(t, ({ socket }) => void socket.write(OK));
    const upstream = upstreamTo(t, server);
    await Promise.all([attempt(upstream), attempt(upstream)]);
    const last = server.peers.at(-1)?.received.length ?? 0;
    await attempt(upstream);
    await attempt(upstream);
    const lengths = server.peers.map(({ received }) => received.length);
    assert.deepEqual(
      lengths.toSorted((a, b) => a - b),
      [last, 3 * last],
      'one got both',
    );
  });

  test('sends a body that cannot be sent twice over a connection that was quiet for less than a tick', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const server = await startRawServer(t, ({ socket, received }) => {
      if (received.endsWith('\r\n\r\n')) socket.write(OK);
    });
    const upstream = upstreamTo(t, server);
    await attempt(upstream);
    await attempt(upstream, { method: 'POST', body: TestSource.of('abc') });
    assert.equal(server.peers.length, 1);
    t.mock.timers.tick(TICK_MS);
    await attempt(upstream, { method: 'POST', body: TestSource.of('abc') });
    assert.equal(server.peers.length, 2);
  });

  for (const [what, keepAlive, ticks] of [
    ['after 4 s', '', 5],
    ['a second before the server does, as it says', 'Keep-Alive: timeout=3\r\n', 3],
    ['later than after 4 s when the server keeps it for longer', 'Keep-Alive: timeout=9\r\n', 9],
  ] as const)
    test(`closes an idle connection ${what}`, async (t) => {
      t.mock.timers.enable({ apis: ['setInterval'] });
      const server = await startRawServer(
        t,
        ({ socket }) => void socket.write(`HTTP/1.1 200 OK\r\n${keepAlive}Content-Length: 2\r\n\r\nok`),
      );
      const upstream = upstreamTo(t, server);
      await attempt(upstream);
      for (let n = 1; n < ticks; n += 1) t.mock.timers.tick(TICK_MS);
      assert.equal(upstream.connections, 1);
      t.mock.timers.tick(TICK_MS);
      assert.equal(upstream.connections, 0);
      await server.peers[0]?.closed;
    });

  test('closes old connections to a name without failing a request, and keeps those to an address', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const server = await startRawServer(t, ({ socket }) => void socket.write(OK));
    const named = { ...server, origin: server.origin.replace('127.0.0.1', 'ip4.localhost') };
    const lookup = resolveToLoopback(t);
    const upstream = upstreamTo(t, named, { maxAgeMs: 5 * TICK_MS });
    const fixed = upstreamTo(t, server, { maxAgeMs: 5 * TICK_MS });
    for (let n = 0; n < 12; n += 1) {
      for (const one of [upstream, fixed])
        assert.deepEqual((await attempt(one)).events, ['head 200', 'data', 'end']);
      t.mock.timers.tick(TICK_MS);
    }
    assert.equal(lookup.mock.callCount(), 3, 'a lookup for each five ticks');
    assert.equal(server.peers.length, 4, 'three connections to the name and one to the address');
  });

  test('finishes a response on an old connection, and opens another for the next request', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    let end = (): void => undefined;
    const server = await startRawServer(t, ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no');
      end = () => void socket.write('k');
    });
    const upstream = upstreamTo(
      t,
      { ...server, origin: server.origin.replace('127.0.0.1', 'ip4.localhost') },
      { maxAgeMs: 2 * TICK_MS },
    );
    resolveToLoopback(t);
    const running = attempt(upstream);
    await waitFor(() => server.peers.length === 1 && server.peers[0]?.received !== '', {
      describe: 'the request',
    });
    for (let n = 0; n < 5; n += 1) t.mock.timers.tick(TICK_MS);
    end();
    assert.deepEqual((await running).events.at(-1), 'end');
    assert.equal(upstream.connections, 0);
  });

  test('fails as protocol when the server switches protocols unasked', async (t) => {
    const server = await startRawServer(
      t,
      ({ socket }) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n'),
    );
    assert.equal((await attempt(upstreamTo(t, server))).failure?.kind, 'protocol');
  });

  test('skips 100 Continue', async (t) => {
    const server = await startRawServer(
      t,
      ({ socket }) => void socket.write(`HTTP/1.1 100 Continue\r\n\r\n${OK}`),
    );
    assert.deepEqual((await attempt(upstreamTo(t, server))).events, ['head 200', 'data', 'end']);
  });
});
