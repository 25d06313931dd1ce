import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type checkServerIdentity } from 'node:tls';

export interface Origin {
  readonly host: string;
  readonly port: number;
  /** Null for plain TCP. */
  readonly tls: TlsOptions | null;
}

export interface TlsOptions {
  /** Certificates of the accepted CAs, in PEM; null for Node's own list. */
  readonly ca: string | null;
  readonly rejectUnauthorized: boolean;
  /** The name sent as SNI; null for the host. */
  readonly servername: string | null;
  /** Null for Node's own check. */
  readonly checkServerIdentity: typeof checkServerIdentity | null;
}

/** Events of a socket. */
export interface SocketEvents {
  /** The connection is established; with TLS, its handshake is done. */
  opened(): void;
  /**
   * Called for each read.
   *
   * @param bytes valid until it returns
   * @returns false where the socket has been paused
   */
  received(bytes: Buffer): boolean;
}

/**
 * Every read of every connection goes into this buffer, and is passed on or copied before the next read. Therefore a
 * silent stream holds no memory.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/** Opens a connection to a backend, over TCP or TLS. */
export function openSocket(origin: Origin, events: SocketEvents): Socket {
  return origin.tls === null ? openTcp(origin, events) : openTls(origin, origin.tls, events);
}

function openTcp({ host, port }: Origin, events: SocketEvents): Socket {
  const socket = connectTcp({
    host,
    port,
    onread: { buffer: READ_BUFFER, callback: (count) => events.received(READ_BUFFER.subarray(0, count)) },
  });
  socket.once('connect', () => events.opened());
  return socket;
}

function openTls({ host, port }: Origin, tls: TlsOptions, events: SocketEvents): Socket {
  const { ca, rejectUnauthorized, servername, checkServerIdentity: check } = tls;
  const name = servername ?? (isName(host) ? host : null);
  const socket = connectTls({
    host,
    port,
    rejectUnauthorized,
    ...(ca === null ? {} : { ca }),
    ...(check === null ? {} : { checkServerIdentity: check }),
    ...(name === null ? {} : { servername: name }),
    ALPNProtocols: ['http/1.1'],
  });
  socket.once('secureConnect', () => events.opened());
  socket.on('data', (bytes: Buffer) => events.received(bytes));
  return socket;
}

/** Server name indication takes names only (RFC 6066 §3). */
function isName(host: string): boolean {
  return !/^[\d.]+$/.test(host) && !host.includes(':');
}
