import type { History } from './history.ts';
import type { UiState } from './ui-state.ts';

/** The input of layoutScreen. */
export interface View {
  readonly history: History;
  readonly ui: UiState;
  /** The error of the last read; null when it succeeded. */
  readonly failure: string | null;
  /** The current time on the clock of performance.now(). */
  readonly nowMs: number;
  /** The time of day as text. */
  readonly clock: string;
  readonly ascii: boolean;
  readonly gatewayUrl: string;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}
