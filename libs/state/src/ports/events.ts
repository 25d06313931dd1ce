import type { Unsubscribe } from './unsubscribe.ts';

/** Number of events that are kept. */
export const MAX_EVENTS = 1_000;

/** Events of the cluster, for operators. */
export interface EventPort {
  /** Publishes an event to the cluster. While the store is unreachable, only this host receives it; others do later. */
  publish(event: NewEvent): void;
  /** The last MAX_EVENTS events of the cluster, oldest first; while the store is unreachable, those of this host. */
  recent(): Promise<readonly ClusterEvent[]>;
  /** Calls for every event of the cluster, this process's own included. */
  onEvent(listener: (event: ClusterEvent) => void): Unsubscribe;
}

export type EventKind =
  'state' | 'ejected' | 'readmitted' | 'drained' | 'resumed' | 'leader' | 'config' | 'gateway';

export interface ClusterEvent {
  /** ISO 8601 with milliseconds, by the publisher's clock. */
  readonly time: string;
  readonly kind: EventKind;
  /** Name of the endpoint that the event is about. */
  readonly endpoint?: string;
  /** Instance id of the gateway that the event is about, if it is about no endpoint. */
  readonly gateway?: string;
  /** The value before, in the words of the kind; null if there was none. */
  readonly from: string | null;
  readonly to: string | null;
  /** The reason, for people. */
  readonly reason: string;
  /** Instance id, or the name of the operator. */
  readonly by: string;
}

/** An event to publish; the adapter adds the time. */
export type NewEvent = Omit<ClusterEvent, 'time'>;
