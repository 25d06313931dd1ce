/**
 * The backend process. It serves on a free port of 127.0.0.1, sends the port to the controller, answers each message
 * of the controller with its counts, and exits when the controller does. The first argument is the JSON list of models.
 */
import { createServer } from 'node:net';
import { listeningPort } from '../host/listening-port.ts';
import { createBackendContext } from './backend-context.ts';
import { ServerConnection } from './server-connection.ts';
import type { BackendMessage } from './messages.ts';

const models: string[] = JSON.parse(process.argv[2] ?? '[]');
const context = createBackendContext(models);
const server = createServer((socket) => {
  new ServerConnection(socket, context);
});

function send(message: BackendMessage): void {
  if (process.connected) process.send?.(message);
}

process.on('disconnect', () => process.exit(0));
process.on('message', () => send({ kind: 'stats', stats: context.stats }));
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  send({ kind: 'listening', port: listeningPort(server) });
});
