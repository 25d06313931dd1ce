import type { DirectoryPort } from '../ports/directory.ts';
import type { LeasePort } from '../ports/leases.ts';
import type { StateKind } from '../shared-state.ts';

/** What a limiter uses of the shared state. */
export interface LimiterState {
  readonly kind: StateKind;
  readonly leases: LeasePort;
  readonly directory: Pick<DirectoryPort, 'peers'>;
}
