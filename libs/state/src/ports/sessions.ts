import type { Unsubscribe } from './unsubscribe.ts';

/** The endpoint of each conversation, for sticky sessions. */
export interface SessionPort {
  /**
   * Publishes the placement of a conversation: to workers of this host at once, or within 100 ms if there are very many
   * placements; to other hosts within 100 ms more. Other hosts do not receive placements while the store is
   * unreachable. A worker without others publishes none.
   *
   * @param session the hash that names the conversation
   */
  place(session: string, endpointKey: string): void;
  /** Calls with the placements of other processes. */
  onPlacements(listener: (placements: readonly SessionPlacement[]) => void): Unsubscribe;
}

/** A conversation by the hash that names it, and the key of its endpoint. */
export type SessionPlacement = readonly [session: string, endpointKey: string];
