import type { History } from './history.ts';
import type { UiState } from './ui-state.ts';

/** All that a frame is made of. */
export interface View {
  readonly history: History;
  readonly ui: UiState;
  /** Why the last read failed; null while reads succeed. */
  readonly failure: string | null;
  /** Monotonic milliseconds, the clock of `history.receivedMs`. */
  readonly nowMs: number;
  /** Time of day as text. */
  readonly clock: string;
  readonly ascii: boolean;
  readonly gatewayUrl: string;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}
