import type { EventFields } from './report-event.ts';

/** One log line about the store or about other gateways, for the operator. */
export interface StoreLogEvent {
  /** `gateway` is the kind of an event that operators can also read. */
  readonly event: 'state_lost' | 'state_back' | 'gateway';
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields?: EventFields;
}
