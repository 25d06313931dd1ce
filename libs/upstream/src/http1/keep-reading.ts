import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Lets a socket be read to its end although writing to it fails. A server that answers before the end of a request and
 * closes breaks the writing, while its answer may still wait to be read (RFC 9112 §9.6); Node would destroy the socket and
 * the answer with it. Whether there is one shows when reading ends, which it does at once.
 *
 * @param onBroken called for each write that failed; nothing should be written after the first
 */
export function keepReading(socket: Socket, onBroken: (error: Error) => void): void {
  const write = socket._write.bind(socket);
  const writeMany = socket._writev?.bind(socket);
  const tolerant =
    (done: Done): Done =>
    (error) => {
      if (!isClosedByPeer(error)) {
        done(error);
        return;
      }
      onBroken(error);
      done();
    };
  socket._write = (chunk, encoding, done) => write(chunk, encoding, tolerant(done));
  if (writeMany !== undefined) socket._writev = (chunks, done) => writeMany(chunks, tolerant(done));
}

function isClosedByPeer(error: Error | null | undefined): error is Error {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}
