import type { IncomingMessage } from 'node:http';
import { PATIENCE } from './lingering-close.ts';

const LOOK_MS = 1_000;

/**
 * Reads and drops the rest of a request that has its answer, so that the connection can carry the next one. A client that
 * does not come to an end loses the connection.
 */
export function dropRest(request: IncomingMessage, { totalMs, bytes } = PATIENCE): void {
  request.resume();
  const { socket } = request;
  // Complete, or its connection closes anyway.
  if (request.complete || socket.writableEnded || socket.destroyed) return;
  const until = performance.now() + totalMs;
  const most = socket.bytesRead + bytes;
  const clock = setInterval(() => {
    const isOver = performance.now() > until || socket.bytesRead > most;
    if (isOver) socket.destroy();
    if (isOver || request.complete || socket.destroyed) clearInterval(clock);
  }, LOOK_MS);
  clock.unref();
}
