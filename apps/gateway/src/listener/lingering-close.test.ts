import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import { dropRest } from './drop-rest.ts';
import { lingerAtClose, PATIENCE, type Patience } from './lingering-close.ts';

const MIB = 1024 * 1024;
const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n';
const PIECE = `10000\r\n${'x'.repeat(0x10000)}\r\n`;

interface Fixture {
  /** The client's side. */
  readonly client: Socket;
  /** The server's side. */
  readonly peer: Socket;
  /** Sends pieces for as long as the server takes them. */
  flood(): void;
}

const refuse: RequestListener = (_, response) => void response.writeHead(413).end('no');

async function start(t: TestContext, patience: Patience, handler: RequestListener): Promise<Fixture> {
  const requests = new Map<Socket, IncomingMessage>();
  const server = createServer((request, response: ServerResponse) => {
    requests.set(request.socket, request);
    handler(request, response);
  });
  server.on('connection', (socket) => {
    lingerAtClose(socket, () => requests.get(socket)?.complete === false, patience);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  t.after(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  const [peer] = await accepted;
  return {
    client,
    peer,
    flood() {
      const pump = (): void => {
        while (!client.destroyed && client.write(PIECE));
      };
      client.on('drain', pump);
      pump();
    },
  };
}

const gone = (socket: Socket): Promise<unknown> =>
  waitFor(() => socket.destroyed, { describe: 'the end of the connection', intervalMs: 5 });

describe('a connection that ends before the end of its request', () => {
  test('ends as soon as its client has read the answer and left', async (t) => {
    const { client, peer } = await start(t, PATIENCE, refuse);
    client.write(`${HEAD}Connection: close\r\n\r\n${PIECE}`);
    const [answer] = (await once(client, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 413/);
    await gone(peer);
  });

  for (const [what, patience, send] of [
    ['a client that sends without end', { ...PATIENCE, bytes: 16 * MIB }, ({ flood }) => flood()],
    [
      'a client that sends a byte now and then',
      { ...PATIENCE, totalMs: 300 },
      ({ client }) => void setInterval(() => client.write('1\r\nx\r\n'), 20).unref(),
    ],
    ['a client that falls silent', { ...PATIENCE, silentMs: 100 }, () => undefined],
  ] as const satisfies [string, Patience, (fixture: Fixture) => void][])
    test(`does not wait for ${what}`, async (t) => {
      const fixture = await start(t, patience, refuse);
      // The client keeps it open, even when the server closes its side.
      fixture.client.allowHalfOpen = true;
      fixture.client.write(`${HEAD}Connection: close\r\n\r\n`);
      send(fixture);
      await gone(fixture.peer);
    });

  test('ends at once when its request had come whole', async (t) => {
    const { client, peer } = await start(t, PATIENCE, (request, response) => {
      request.resume().on('end', () => response.end('ok'));
    });
    client.allowHalfOpen = true;
    client.write(`${HEAD}Connection: close\r\n\r\n${PIECE}0\r\n\r\n`);
    await gone(peer);
  });

  test('carries no further request', async (t) => {
    let requests = 0;
    const { client, peer } = await start(t, PATIENCE, (request, response) => {
      requests += 1;
      refuse(request, response);
    });
    client.write(`${HEAD}Connection: close\r\n\r\n`);
    await once(client, 'data');
    client.end('0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await gone(peer);
    assert.equal(requests, 1);
  });
});

describe('a connection that is kept for the next request', () => {
  const keep =
    (patience: Patience): RequestListener =>
    (request, response) => {
      response.on('close', () => dropRest(request, patience));
      response.writeHead(413).end('no');
    };

  test('carries it when the rest of the answered one has come', async (t) => {
    const { client } = await start(t, PATIENCE, keep(PATIENCE));
    let answers = '';
    client.on('data', (bytes) => (answers += bytes.toString()));
    client.write(`${HEAD}\r\n${PIECE}`);
    await waitFor(() => answers.includes('413'), { describe: 'the answer', intervalMs: 1 });
    client.write(`${PIECE}0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`);
    await waitFor(() => answers.match(/HTTP\/1\.1 413/g)?.length === 2, {
      describe: 'the next answer',
      intervalMs: 1,
    });
  });

  for (const [what, patience, send] of [
    ['sends without end', { ...PATIENCE, bytes: 16 * MIB }, ({ flood }) => flood()],
    ['falls silent', { ...PATIENCE, totalMs: 100 }, () => undefined],
  ] as const satisfies [string, Patience, (fixture: Fixture) => void][])
    test(`ends when its client ${what}`, async (t) => {
      const fixture = await start(t, patience, keep(patience));
      fixture.client.write(`${HEAD}\r\n`);
      send(fixture);
      await gone(fixture.peer);
    });
});
