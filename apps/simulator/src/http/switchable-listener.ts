import type { Server } from 'node:http';
import { listeningPort } from './listening-port.ts';

/** A listening socket that closes and opens again on the same port. */
export interface SwitchableListener {
  readonly port: number;
  open(): Promise<void>;
  /** Closes for good. */
  close(): Promise<void>;
  /** Opens or closes as `isWanted` says, after the changes requested before. */
  update(): void;
  /** Resolves when the requested changes are made. Rejects when the port could not be opened again. */
  updated(): Promise<void>;
}

/** `requestedPort` 0 takes any free port at the first `open` and keeps it. */
export function createSwitchableListener(
  server: Server,
  requestedPort: number,
  isWanted: () => boolean,
): SwitchableListener {
  let port = requestedPort;
  let listening = false;
  let closed = false;
  let lastChange: Promise<void> = Promise.resolve();
  const open = async (): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
    port = listeningPort(server);
    listening = true;
  };
  const stop = (): void => {
    // Not awaited: 'close' comes when the last connection has ended, but the port is free at once.
    server.close();
    server.closeIdleConnections();
    listening = false;
  };
  const apply = async (): Promise<void> => {
    const wanted = isWanted() && !closed;
    if (wanted === listening) return;
    if (wanted) await open();
    else stop();
  };
  return {
    get port() {
      return port;
    },
    open,
    async close() {
      closed = true;
      await lastChange.then(apply, apply);
    },
    update() {
      lastChange = lastChange.then(apply);
      // `updated` passes the error on. Without this handler, the rejection would end the process.
      lastChange.catch(() => undefined);
    },
    updated: () => lastChange,
  };
}
