/**
 * The backend process: serves on a free port of 127.0.0.1, tells the controller the port, answers its questions for
 * statistics, and ends with it. Models to list come as JSON in the first argument.
 */
import { createServer, type AddressInfo } from 'node:net';
import { createBackendContext } from './context.ts';
import { ServerConnection } from './server-connection.ts';
import type { BackendMessage } from './messages.ts';

const models = JSON.parse(process.argv[2] ?? '[]') as string[];
const context = createBackendContext(models);
const server = createServer((socket) => {
  new ServerConnection(socket, context);
});

function tell(message: BackendMessage): void {
  if (process.connected) process.send?.(message);
}

process.on('disconnect', () => process.exit(0));
process.on('message', () => tell({ kind: 'stats', stats: context.stats }));
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  tell({ kind: 'listening', port: (server.address() as AddressInfo).port });
});
