import cluster, { type Worker } from 'node:cluster';

/** The relevant messages of node:cluster to a worker, and of the worker's replies. */
interface ClusterMessage {
  readonly cmd?: string;
  readonly act?: string;
  readonly seq?: number;
  readonly ack?: number;
  /** With `ack`: whether the worker has taken the connection. */
  readonly accepted?: boolean;
}

interface ConnectionHandle {
  close(): void;
}

type Send = (message: ClusterMessage, handle?: ConnectionHandle, ...rest: unknown[]) => boolean;

/** Workers that listen, or did before they began to stop. */
const listening = new WeakSet<Worker>();
/** To how many workers a connection is on its way. */
const underWay = new WeakMap<ConnectionHandle, number>();

/**
 * Gives a connection that was on its way to a worker when it died to another worker, or closes it if there is none.
 * node:cluster keeps it open in the primary until the worker accepts it, which never happens: its client would wait
 * for a response that no process sends.
 *
 * No public API reports such a connection. This code listens to the messages of node:cluster (`newconn` with its `seq`,
 * answered by `ack`), and sends the "not accepted" in place of the dead worker.
 *
 * @param isStopping whether the gateway takes no more connections: one that no worker takes is then closed, so that
 *   a load balancer tries elsewhere, where node:cluster would keep it for workers to come
 */
export function handOnUnaccepted(worker: Worker, isStopping: () => boolean): void {
  const child = worker.process;
  const unaccepted = new Map<number, ConnectionHandle>();
  let disconnected = false;
  worker.once('listening', () => listening.add(worker));
  child.once('disconnect', () => (disconnected = true));

  const { send } = child;
  const watchedSend: Send = (message, handle, ...rest) => {
    if (message.act === 'newconn' && message.seq !== undefined && handle !== undefined) {
      unaccepted.set(message.seq, handle);
      underWay.set(handle, (underWay.get(handle) ?? 0) + 1);
    }
    return Reflect.apply(send, child, [message, handle, ...rest]);
  };
  // Assigned past its type: messages of node:cluster carry handles that no public type has.
  Object.assign(child, { send: watchedSend });
  child.on('internalMessage', ({ ack, accepted }: ClusterMessage) => {
    const handle = ack === undefined ? undefined : unaccepted.get(ack);
    if (ack === undefined || handle === undefined) return;
    unaccepted.delete(ack);
    underWay.set(handle, (underWay.get(handle) ?? 1) - 1);
    if (accepted !== false) return;
    // By then node:cluster has sent it to another worker, if there is one.
    setImmediate(() => {
      if (isStopping() && underWay.get(handle) === 0) handle.close();
    });
  });

  // `close` is emitted after the process has ended and all its messages have been read.
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
