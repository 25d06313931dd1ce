import type { EventFields } from './report-event.ts';

/** One line of the log: what the operator of a gateway is told of its store and of the other gateways. */
export interface StoreLogEvent {
  /** `gateway` is the kind of an event that operators can also read. */
  readonly event: 'state_lost' | 'state_back' | 'gateway';
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields?: EventFields;
}
