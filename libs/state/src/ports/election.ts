/** Which agent leads: it watches the endpoints and publishes what it sees. */
export interface ElectionPort {
  /**
   * Takes or renews the lead for `ttlMs`. A new lead has a token above every earlier one: max(stored, `newestToken`,
   * the store's time in ms) + 1, so that an emptied store cannot let an old leader outrank a new one.
   *
   * While the store is away, a gateway's own agent leads for this host alone (`isLocal`): its snapshots reach this
   * host's processes and no others. Where another host's agent led, that happens once its lead must have lapsed.
   * When the store is back, the cluster's next token is above every local one.
   *
   * @param newestToken the newest token this process knows of, from snapshots it has seen; 0 for none
   */
  campaign(ttlMs: number, newestToken: number): Promise<Lead>;
  /** Gives the lead up if this process has it. */
  resign(): Promise<void>;
}

export type Lead =
  | {
      readonly leading: true;
      readonly token: number;
      /** Leads this host only, because the store is away. */
      readonly isLocal?: true;
    }
  | {
      readonly leading: false;
      /** Instance id. */
      readonly leader: string | null;
    };
