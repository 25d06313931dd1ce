import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import type {
  BodySink,
  BodySource,
  UpstreamFailure,
  UpstreamListener,
  UpstreamRequest,
} from '../upstream.ts';
import { Http1Upstream } from './http1-upstream.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A server of raw sockets; `onData` is told each piece and which connection it came on. */
async function serve(onData: (text: string, socket: Socket, connection: number) => void): Promise<Server> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    const number = count;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => onData(bytes.toString('latin1'), socket, number));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server;
}

function upstreamTo(
  server: Server | number,
  options: Partial<{ headTimeoutMs: number; readTimeoutMs: number; connectTimeoutMs: number }> = {},
) {
  const port = typeof server === 'number' ? server : (server.address() as AddressInfo).port;
  const upstream = new Http1Upstream({
    origin: `http://127.0.0.1:${port}`,
    connectTimeoutMs: 5_000,
    tlsHandshakeTimeoutMs: 0,
    keepAliveMs: 0,
    headTimeoutMs: 0,
    readTimeoutMs: 0,
    ...options,
  });
  cleanups.push(() => upstream.close());
  return upstream;
}

function sourceOf(...pieces: string[]): BodySource {
  return {
    start: (sink: BodySink) => {
      for (const piece of pieces) sink.data(Buffer.from(piece));
      sink.end();
    },
    resume: () => undefined,
    stop: () => undefined,
  };
}

type Outcome =
  | { status: number; headers: string[]; body: string }
  | { failure: UpstreamFailure; status: number; body: string };

function send(upstream: Http1Upstream, request: Partial<UpstreamRequest> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    let status = 0;
    let headers: string[] = [];
    let body = '';
    const listener: UpstreamListener = {
      onQuiet: () => undefined,
      onHead: (code, raw) => {
        status = code;
        headers = raw;
      },
      onData: (chunk) => {
        body += chunk.toString('latin1');
        return true;
      },
      onEnd: () => resolve({ status, headers, body }),
      onFailure: (failure) => resolve({ failure, status, body }),
    };
    upstream.dispatch(
      { method: 'POST', path: '/p', headers: ['Host', 'x'], body: null, freshConnection: false, ...request },
      listener,
    );
  });
}

function failureOf(outcome: Outcome): UpstreamFailure {
  assert.ok('failure' in outcome, JSON.stringify(outcome));
  return outcome.failure;
}

test('a connection is used again, and a fresh one where that is asked for', async () => {
  const connections: number[] = [];
  const server = await serve((_, socket, connection) => {
    connections.push(connection);
    socket.write(OK);
  });
  const upstream = upstreamTo(server);
  await send(upstream);
  await send(upstream);
  await send(upstream, { freshConnection: true });
  assert.deepEqual(connections, [1, 1, 2]);
});

test('the request goes out as it is, its length kept', async () => {
  let received = '';
  const server = await serve((text, socket) => {
    received += text;
    if (received.endsWith('{"a":1}')) socket.write(OK);
  });
  await send(upstreamTo(server), {
    path: '/a%2Fb?x=%20',
    headers: ['Host', 'h:1', 'content-LENGTH', '7', 'X-É', 'é'],
    body: Buffer.from('{"a":1}'),
  });
  assert.equal(
    received,
    'POST /a%2Fb?x=%20 HTTP/1.1\r\nHost: h:1\r\ncontent-LENGTH: 7\r\nX-É: é\r\n\r\n{"a":1}',
  );
});

test('a body of unknown length goes out in chunks', async () => {
  let received = '';
  const server = await serve((text, socket) => {
    received += text;
    if (received.endsWith('0\r\n\r\n')) socket.write(OK);
  });
  const outcome = await send(upstreamTo(server), {
    body: sourceOf('hello', 'world'),
  });
  assert.equal('failure' in outcome, false);
  assert.match(received, /Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n$/);
});

test('a body shorter than announced never looks whole', async () => {
  const server = await serve(() => undefined);
  const outcome = await send(upstreamTo(server), {
    headers: ['Host', 'x', 'Content-Length', '10'],
    body: sourceOf('abc'),
  });
  assert.equal(failureOf(outcome).kind, 'request');
});

test('a client that breaks off its body ends the exchange', async () => {
  const server = await serve(() => undefined);
  const body: BodySource = {
    start: (sink) => {
      sink.data(Buffer.from('abc'));
      setImmediate(() => sink.fail(new Error('gone')));
    },
    resume: () => undefined,
    stop: () => undefined,
  };
  assert.equal(failureOf(await send(upstreamTo(server), { body })).kind, 'request');
});

test('a header that would start another line is refused', async () => {
  const server = await serve((_, socket) => socket.write(OK));
  const upstream = upstreamTo(server);
  assert.equal(failureOf(await send(upstream, { headers: ['Host', 'x', 'A', 'b\r\nC: d'] })).kind, 'request');
  assert.equal(failureOf(await send(upstream, { path: '/a b' })).kind, 'request');
});

test('a refused connection is told as such', async () => {
  const server = await serve(() => undefined);
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const failure = failureOf(await send(upstreamTo(port)));
  assert.equal(failure.kind, 'connect');
  assert.equal(failure.code, 'ECONNREFUSED');
});

test('a body in pieces is not asked for until somebody is there to have it', async () => {
  const server = await serve(() => undefined);
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  let started = false;
  const body: BodySource = { start: () => (started = true), resume: () => undefined, stop: () => undefined };
  assert.equal(failureOf(await send(upstreamTo(port), { body })).kind, 'connect');
  assert.equal(started, false);
});

test('a connection that breaks before an answer, and whether it had answered before', async () => {
  let count = 0;
  const server = await serve((_, socket) => {
    count += 1;
    if (count === 1) socket.write(OK);
    else socket.destroy();
  });
  const upstream = upstreamTo(server);
  await send(upstream);
  const stale = failureOf(await send(upstream));
  assert.deepEqual([stale.kind, stale.reused], ['reset', true]);
  const fresh = failureOf(await send(upstream));
  assert.deepEqual([fresh.kind, fresh.reused], ['reset', false]);
});

test('an answer that breaks off keeps what came of it', async () => {
  const server = await serve((_, socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
  const outcome = await send(upstreamTo(server));
  assert.equal(failureOf(outcome).kind, 'truncated');
  assert.equal(outcome.body, 'half');
  assert.equal(outcome.status, 200);
});

test('what is not HTTP is told at once', async () => {
  const server = await serve((_, socket) => socket.write('what?!'));
  assert.equal(failureOf(await send(upstreamTo(server))).kind, 'protocol');
});

test('it is told when a head has come alone', async () => {
  const server = await serve((_, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
  });
  const told: string[] = [];
  await new Promise<void>((resolve) => {
    const call = upstreamTo(server).dispatch(
      { method: 'GET', path: '/', headers: ['Host', 'x'], body: null, freshConnection: false },
      {
        onHead: () => told.push('head'),
        onQuiet: () => {
          told.push('quiet');
          call.abort();
          resolve();
        },
        onData: () => true,
        onEnd: () => told.push('end'),
        onFailure: () => told.push('failure'),
      },
    );
  });
  assert.deepEqual(told, ['head', 'quiet']);
});

test('silence before the head and inside the body ends the exchange', async () => {
  const silent = await serve(() => undefined);
  assert.equal(failureOf(await send(upstreamTo(silent, { headTimeoutMs: 80 }))).kind, 'head_timeout');
  const stalling = await serve((_, socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
  );
  const outcome = await send(upstreamTo(stalling, { readTimeoutMs: 80 }));
  assert.equal(failureOf(outcome).kind, 'body_timeout');
  assert.equal(outcome.body, 'half');
});

test('a server that closes after its answer although it promised otherwise costs nothing', async () => {
  const server = await serve((_, socket) =>
    socket.end('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok'),
  );
  const upstream = upstreamTo(server);
  const first = await send(upstream);
  assert.equal('failure' in first, false);
  const second = await send(upstream, { freshConnection: true });
  assert.equal('failure' in second, false);
});

test('words of an idle server do not become the next answer', async () => {
  const closed: Promise<unknown>[] = [];
  const server = await serve((_, socket) => {
    socket.write(OK);
    closed.push(once(socket, 'close'));
    setImmediate(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'));
  });
  const upstream = upstreamTo(server);
  await send(upstream);
  await closed[0];
  const second = await send(upstream);
  assert.equal(second.body, 'ok');
});

test('bytes behind a whole answer spoil the connection and not the answer', async () => {
  const connections: number[] = [];
  const server = await serve((_, socket, connection) => {
    connections.push(connection);
    socket.write(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx`);
  });
  const upstream = upstreamTo(server);
  for (let n = 0; n < 2; n += 1) {
    const outcome = await send(upstream);
    assert.ok('headers' in outcome);
    assert.equal(outcome.body, 'ok');
  }
  assert.deepEqual(connections, [1, 2]);
});

test('a call that is over cannot end the exchange that has its connection now', async () => {
  const server = await serve((_, socket) => socket.write(OK));
  const upstream = upstreamTo(server);
  const nothing = (): void => undefined;
  const first = await new Promise<{ abort: () => void }>((resolve) => {
    const call = upstream.dispatch(
      { method: 'GET', path: '/', headers: ['Host', 'x'], body: null, freshConnection: false },
      {
        onHead: nothing,
        onQuiet: nothing,
        onData: () => true,
        onEnd: () => resolve(call),
        onFailure: nothing,
      },
    );
  });
  const second = send(upstream);
  first.abort();
  assert.equal((await second).body, 'ok');
});

test('abort closes the connection, and nothing more is told', async () => {
  let told = 0;
  const gone = Promise.withResolvers<void>();
  const server = await serve((_, socket) => {
    socket.once('close', () => gone.resolve());
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
  });
  const upstream = upstreamTo(server);
  const call = upstream.dispatch(
    { method: 'GET', path: '/', headers: ['Host', 'x'], body: null, freshConnection: false },
    {
      onHead: () => undefined,
      onQuiet: () => undefined,
      onData: () => {
        setImmediate(() => call.abort());
        return true;
      },
      onEnd: () => (told += 1),
      onFailure: () => (told += 1),
    },
  );
  await gone.promise;
  assert.equal(told, 0);
  assert.equal(upstream.connections, 0);
});

test('a reader that pauses stops the server, and gets every byte when it goes on', async () => {
  const total = 8 * 1024 * 1024;
  const server = await serve((_, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    socket.write(Buffer.alloc(total, 'x'));
  });
  const upstream = upstreamTo(server);
  let got = 0;
  let whilePaused = 0;
  await new Promise<void>((resolve, reject) => {
    let paused = false;
    const call = upstream.dispatch(
      { method: 'GET', path: '/', headers: ['Host', 'x'], body: null, freshConnection: false },
      {
        onHead: () => undefined,
        onQuiet: () => undefined,
        onData: (chunk) => {
          if (paused) whilePaused += chunk.length;
          got += chunk.length;
          if (paused || got < total / 4) return true;
          paused = true;
          setImmediate(() => setImmediate(() => ((paused = false), call.resume())));
          return false;
        },
        onEnd: resolve,
        onFailure: ({ cause }) => reject(cause as Error),
      },
    );
  });
  assert.equal(got, total);
  assert.equal(whilePaused, 0);
});
