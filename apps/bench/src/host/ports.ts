import { once } from 'node:events';
import { createServer } from 'node:net';
import { listeningPort } from './listening-port.ts';

/** A port of 127.0.0.1 that was free a moment ago, for programs that cannot listen on port 0. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const port = listeningPort(server);
  server.close();
  await once(server, 'close');
  return port;
}
