import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** One connection of a raw server, and the bytes it received. */
export interface RawPeer {
  readonly socket: Socket;
  /** Counts from 1, in the order of connections. */
  readonly number: number;
  /** All bytes so far, as latin1. */
  received: string;
  readonly closed: Promise<void>;
}

export interface RawServer {
  readonly origin: string;
  readonly port: number;
  readonly peers: RawPeer[];
}

/**
 * A server that writes exact bytes; ends with the test.
 *
 * @param onData called for each piece that comes, after it was added to `received`
 */
export async function startRawServer(
  t: TestContext,
  onData: (peer: RawPeer, piece: string) => void,
): Promise<RawServer> {
  const peers: RawPeer[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const peer: RawPeer = { socket, number: peers.length + 1, received: '', closed };
    peers.push(peer);
    // Some tests reset the connection on purpose.
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const piece = bytes.toString('latin1');
      peer.received += piece;
      onData(peer, piece);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const { socket } of peers) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, peers };
}
