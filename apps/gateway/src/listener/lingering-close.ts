import type { Socket } from 'node:net';

/** How long and how much is read from a client whose request has been answered before its end. */
export interface Patience {
  readonly totalMs: number;
  readonly silentMs: number;
  readonly bytes: number;
}

/** A client that sends a body of the usual `max_body_size` to its end before it reads gets its answer. */
export const PATIENCE: Patience = { totalMs: 30_000, silentMs: 5_000, bytes: 256 * 1024 * 1024 };

/** Event of a connection that is not parsed any more, for each read. */
const DROPPED = Symbol('dropped');

const deaf = new WeakSet<Socket>();
const lingering = new WeakSet<Socket>();

/**
 * Makes a connection that is closed while its client still sends end in two steps (RFC 9112 §9.6). Closed at once, it
 * would be reset, and a reset takes from the client what it has not read yet: the answer.
 *
 * @param isReceiving whether a request is on its way whose end has not come
 */
export function lingerAtClose(socket: Socket, isReceiving: () => boolean, patience = PATIENCE): void {
  const close = socket.destroySoon.bind(socket);
  // What node:http, the drain and the relay call after the last response of a connection.
  socket.destroySoon = () => {
    if (!socket.destroyed && (deaf.has(socket) || isReceiving())) linger(socket, patience, close);
    else close();
  };
}

/** What comes from here on is read and dropped: the parser has refused what came before it. */
export function stopParsing(socket: Socket): void {
  if (deaf.has(socket)) return;
  deaf.add(socket);
  const drop = (): void => {
    // With a listener of another's, node:http hands the connection's reads out in place of parsing them.
    socket.removeAllListeners('data');
    socket.on('data', (bytes: Buffer) => socket.emit(DROPPED, bytes.length));
  };
  // While it parses, node:http stops and starts the reading beneath the socket; both must be left to it.
  if (socket.isPaused()) {
    socket.once('resume', drop);
    socket.resume();
  } else drop();
}

function linger(socket: Socket, patience: Patience, close: () => void): void {
  if (lingering.has(socket)) return;
  lingering.add(socket);
  stopParsing(socket);
  let left = patience.bytes;
  const finish = (): void => {
    socket.pause();
    close();
  };
  socket.on(DROPPED, (bytes: number) => {
    left -= bytes;
    if (left < 0) finish();
  });
  socket.removeAllListeners('end');
  socket.on('end', finish);
  socket.removeAllListeners('timeout');
  socket.setTimeout(patience.silentMs, finish);
  const timer = setTimeout(finish, patience.totalMs);
  socket.once('close', () => clearTimeout(timer));
  socket.end();
}
