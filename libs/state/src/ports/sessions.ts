import type { Unsubscribe } from './unsubscribe.ts';

/** At which endpoint each conversation is, for sessions that stick. */
export interface SessionPort {
  /**
   * Tells the others where a conversation was placed: workers of this host at once, or within 100 ms where very many
   * are placed; other hosts within 100 ms more. Lost while the store is away. A worker that is alone tells nobody.
   *
   * @param session the hash that names the conversation
   */
  place(session: string, endpointKey: string): void;
  /** Calls with what other processes placed. */
  onPlacements(listener: (placements: readonly SessionPlacement[]) => void): Unsubscribe;
}

/** A conversation by the hash that names it, and the key of its endpoint. */
export type SessionPlacement = readonly [session: string, endpointKey: string];
