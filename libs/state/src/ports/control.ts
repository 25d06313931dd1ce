import type { Unsubscribe } from './unsubscribe.ts';

/** What operators decided, for every worker of every host; kept until changed again. */
export interface ControlPort {
  /** While the store is away, what this host knows of it. */
  read(): Promise<Control>;
  /**
   * While the store is away, drain and resume are rejected, because they could not be kept by every host; refresh
   * works on this host, and everywhere when the store is back.
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
