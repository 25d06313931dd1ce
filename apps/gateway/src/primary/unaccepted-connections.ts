import cluster, { type Worker } from 'node:cluster';

/** The parts that count of what node:cluster says to a worker, and of what it hears back. */
interface ClusterMessage {
  readonly cmd?: string;
  readonly act?: string;
  readonly seq?: number;
  readonly ack?: number;
}

interface ConnectionHandle {
  close(): void;
}

type Send = (message: ClusterMessage, handle?: ConnectionHandle, ...rest: unknown[]) => boolean;

/** Workers that listen, or did before they began to stop. */
const listening = new WeakSet<Worker>();

/**
 * Gives a connection that was on its way to a worker when it died to another worker, or closes it if there is none.
 * node:cluster keeps it open in the primary until the worker says that it has it, thus for good: its client would wait
 * for an answer that nobody will send.
 *
 * There is no public way to learn of such a connection. This listens to the messages of node:cluster (`newconn` with
 * its `seq`, answered by `ack`), and says the "not accepted" that a dead worker cannot say.
 */
export function handOnUnaccepted(worker: Worker): void {
  const child = worker.process;
  const unaccepted = new Map<number, ConnectionHandle>();
  let disconnected = false;
  worker.once('listening', () => listening.add(worker));
  child.once('disconnect', () => (disconnected = true));

  const send = child.send.bind(child) as unknown as Send;
  const watched: Send = (message, handle, ...rest) => {
    if (message.act === 'newconn' && message.seq !== undefined && handle !== undefined)
      unaccepted.set(message.seq, handle);
    return send(message, handle, ...rest);
  };
  child.send = watched as unknown as typeof child.send;
  child.on('internalMessage', ({ ack }: ClusterMessage) => {
    if (ack !== undefined) unaccepted.delete(ack);
  });

  // `close` comes when the process has ended and all that it said has been read.
  child.once('close', () =>
    setImmediate(() => {
      // Node leaves `disconnect` out where a connection is on its way, and node:cluster then keeps the worker listed.
      if (!disconnected) child.emit('disconnect');
      const hasHeir = Object.values(cluster.workers ?? {}).some(
        (other) => other !== undefined && other !== worker && other.isConnected() && listening.has(other),
      );
      for (const [seq, handle] of unaccepted) {
        if (hasHeir) child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: seq, accepted: false });
        else handle.close();
      }
    }),
  );
}
