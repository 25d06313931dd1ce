import type { EndpointSettings, Settings } from '@olla/config/schema';
import type { NameFilter } from '@olla/config/glob';
import type { EndpointModel, EndpointSnapshot, EndpointState } from '@olla/core/snapshot';
import type { AgentLog } from './agent-log.ts';
import type { ChangeKind } from './change-kind.ts';
import type { Semaphore } from './semaphore.ts';

/** The endpoint is in another state than before. */
export interface StateChange {
  readonly from: EndpointState;
  readonly to: EndpointState;
  readonly reason: string;
  /** For the log alone. */
  readonly detail: string;
}

export interface MonitorOptions {
  readonly endpoint: EndpointSettings;
  readonly discovery: Settings['discovery']['model_discovery'];
  /** Which backend types are in use. */
  readonly profileFilter: NameFilter;
  readonly userAgent: string;
  /** The models of an endpoint that has not served for so long are dropped. */
  readonly forgetAfterMs: number;
  readonly log: AgentLog;
  /** Bounds the full lists of all endpoints that run at once. */
  readonly listSemaphore: Semaphore;
  readonly onChange: (kind: ChangeKind) => void;
  readonly onState: (change: StateChange) => void;
  /** What the snapshot of an earlier leader says of this endpoint. */
  readonly known?: { readonly snapshot: EndpointSnapshot; readonly models: readonly EndpointModel[] };
}
