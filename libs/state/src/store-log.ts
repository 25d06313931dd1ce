/** What the operator of a gateway is told of its store and of the other gateways; one line of the log. */
export interface StoreLogEvent {
  /** `gateway`: another gateway is lost, or this one has returned; the word of the event that operators can read. */
  readonly event: 'state_lost' | 'state_back' | 'gateway';
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}
