import type { Server } from 'node:net';

/** The port on which a server listens. Throws when it does not listen on TCP. */
export function listeningPort(server: Server): number {
  const address = server.address();
  if (address !== null && typeof address === 'object') return address.port;
  throw new Error('the server does not listen on a TCP port');
}
