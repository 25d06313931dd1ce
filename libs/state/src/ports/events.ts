import type { Unsubscribe } from './unsubscribe.ts';

/** Events that are kept. */
export const MAX_EVENTS = 1_000;

/** What happened in the cluster, for operators. */
export interface EventPort {
  /** Tells the whole cluster. While the store is away this host has it, and the others when the store is back. */
  publish(event: NewEvent): void;
  /** The last MAX_EVENTS of the cluster, oldest first; while the store is away, those that this host knows. */
  recent(): Promise<readonly ClusterEvent[]>;
  /** Calls for every event of the cluster, this process's own included. */
  onEvent(listener: (event: ClusterEvent) => void): Unsubscribe;
}

export type EventKind =
  'state' | 'ejected' | 'readmitted' | 'drained' | 'resumed' | 'leader' | 'config' | 'gateway';

export interface ClusterEvent {
  /** ISO 8601 with milliseconds, by the clock of who published it. */
  readonly time: string;
  readonly kind: EventKind;
  /** Name of the endpoint that it happened to. */
  readonly endpoint?: string;
  /** Instance id of the gateway that it happened to, where it is about no endpoint. */
  readonly gateway?: string;
  /** What was before, in the words of the kind; null where there was nothing. */
  readonly from: string | null;
  readonly to: string | null;
  /** Why, for people. */
  readonly reason: string;
  /** Instance id, or the operator who acted. */
  readonly by: string;
}

/** The time is added when it is published. */
export type NewEvent = Omit<ClusterEvent, 'time'>;
