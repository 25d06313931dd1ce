/** A process of the cluster, as its heartbeats describe it. */
export interface Instance {
  /** Unique for each start of a process: `host:pid:random`. */
  readonly id: string;
  readonly role: 'primary' | 'worker' | 'agent';
  readonly host: string;
  /** Instance id of the gateway (its primary) that this process belongs to; a standalone agent has its own id here. */
  readonly gateway: string;
  readonly pid: number;
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Hash of the endpoints in this host's configuration file; the status shows hosts that differ. */
  readonly configHash: string;
}
