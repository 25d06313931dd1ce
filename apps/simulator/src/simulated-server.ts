import type { ModelSpec, ServerType } from './fleet-spec.ts';
import type { ActiveFault } from './http/fault-injector.ts';
import type { FaultSpec } from './http/fault-spec.ts';
import type { Counters, ReceivedRequest } from './http/request-log.ts';

/** The state of one simulated server at one moment. */
export interface ServerSnapshot {
  readonly name: string;
  readonly type: ServerType;
  readonly url: string;
  readonly port: number;
  readonly models: readonly { readonly name: string; readonly resident: boolean }[];
  /** Requests whose response is not complete. */
  readonly active: number;
  /** Requests that hold a slot. */
  readonly running: number;
  /** Requests queued behind the slots, or for a model to load. */
  readonly waiting: number;
  readonly openConnections: number;
  readonly counters: Counters;
  readonly faults: readonly ActiveFault[];
}

/** One server of a simulated fleet. The control API offers the same operations over HTTP. */
export interface SimulatedServer {
  readonly name: string;
  readonly type: ServerType;
  /** Without a path: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  snapshot(): ServerSnapshot;
  /** Resolves when the fault is in force. */
  addFault(fault: FaultSpec): Promise<ActiveFault>;
  /** Ends one fault, or all without an `id`. Resolves when a port closed by a fault is open again. */
  clearFaults(id?: number): Promise<void>;
  /** The last requests, oldest first. */
  requests(limit?: number): readonly ReceivedRequest[];
  captureBodies(on: boolean): void;
  resetCounters(): void;
  addModel(model: ModelSpec): void;
  removeModel(name: string): void;
  /** Resets all connections and drops all work and all loaded models, as a killed and restarted process does. */
  crash(): void;
}

/** A server as the code that started it holds it. */
export interface StartedServer extends SimulatedServer {
  close(): Promise<void>;
}
