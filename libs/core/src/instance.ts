/** A process of the cluster, as it tells of itself with each heartbeat. */
export interface Instance {
  /** Unique for each start of a process: `host:pid:random`. */
  readonly id: string;
  readonly role: 'primary' | 'worker' | 'agent';
  readonly host: string;
  /** Instance id of the gateway (its primary) that this process belongs to; an agent on its own names itself. */
  readonly gateway: string;
  readonly pid: number;
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Hash of the endpoints that this host's configuration file names; hosts that differ show in status. */
  readonly configHash: string;
}
