import type { Unsubscribe } from './unsubscribe.ts';

/** Decisions of operators, for every worker of every host. They are in force until changed. */
export interface ControlPort {
  /** Reads the current control; while the store is unreachable, as this host last knew it. */
  read(): Promise<Control>;
  /**
   * Changes the control. While the store is unreachable, drain and resume are rejected, because other hosts would not
   * apply them; a refresh applies to this host, and to the others when the store is back.
   */
  change(change: ControlChange): Promise<Control>;
  onControl(listener: (control: Control) => void): Unsubscribe;
}

/** By endpoint name. */
export interface Control {
  /** Rises with each change. */
  readonly revision: number;
  readonly drained: Readonly<Record<string, { readonly by: string; readonly at: number }>>;
  /** Counts up with every request to probe and list all endpoints again. */
  readonly refresh: number;
}

export type ControlChange =
  | { readonly action: 'drain' | 'resume'; readonly endpoint: string; readonly by: string }
  | { readonly action: 'refresh'; readonly by: string };
