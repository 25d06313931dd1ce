import type { ModelSpec, ServerType } from './fleet-spec.ts';
import type { ActiveFault, FaultSpec } from './http/faults.ts';
import type { Counters, ReceivedRequest } from './http/request-log.ts';

/** What a server is doing now. */
export interface ServerSnapshot {
  readonly name: string;
  readonly type: ServerType;
  readonly url: string;
  readonly port: number;
  readonly models: readonly { readonly name: string; readonly resident: boolean }[];
  /** Requests whose answer is not complete. */
  readonly active: number;
  /** In slots, and silently queued behind them. */
  readonly running: number;
  readonly waiting: number;
  readonly openConnections: number;
  readonly counters: Counters;
  readonly faults: readonly ActiveFault[];
}

/** One server of a fleet and what can be done to it; the control API does the same over HTTP. */
export interface FleetServer {
  readonly name: string;
  readonly type: ServerType;
  /** Without a path: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  snapshot(): ServerSnapshot;
  /** Settles when the fault is in force. */
  addFault(fault: FaultSpec): Promise<ActiveFault>;
  /** Ends one fault or all, and opens a closed port again. */
  clearFaults(id?: number): Promise<void>;
  /** The last requests, oldest first. */
  requests(limit?: number): readonly ReceivedRequest[];
  captureBodies(on: boolean): void;
  resetCounters(): void;
  addModel(model: ModelSpec): void;
  removeModel(name: string): void;
  /** Resets all connections and forgets all work, loaded models too, as a killed and restarted process. */
  crash(): void;
}

export interface Fleet {
  readonly servers: readonly FleetServer[];
  /** Throws RangeError for a name that is not in the fleet. */
  server(name: string): FleetServer;
  readonly controlUrl: string | undefined;
  close(): Promise<void>;
}
