/** What the operator of a gateway is told of its store. */
export interface StoreLogEvent {
  readonly event: 'state_lost' | 'state_back';
  readonly message: string;
}
