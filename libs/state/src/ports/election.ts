/** Elects the leading agent, which probes the endpoints and publishes the snapshots. */
export interface ElectionPort {
  /**
   * Takes or renews the lead for `ttlMs`. A new lead has a token above every earlier one: max(stored, `newestToken`,
   * the store's time in ms) + 1, so that an emptied store cannot let an old leader outrank a new one.
   *
   * While the store is unreachable, a gateway's own agent leads this host alone (`isLocal`): only this host's processes
   * receive its snapshots. If another host's agent led before, this happens after that lead must have expired. When the
   * store is back, the cluster's next token is above every local one.
   *
   * @param newestToken the newest token of the snapshots that this process has received; 0 for none
   */
  campaign(ttlMs: number, newestToken: number): Promise<Lead>;
  /** Resigns the lead if this process has it. */
  resign(): Promise<void>;
}

export type Lead =
  | {
      readonly leading: true;
      readonly token: number;
      /** Set if the agent leads this host only, because the store is unreachable. */
      readonly isLocal?: true;
    }
  | {
      readonly leading: false;
      /** Instance id. */
      readonly leader: string | null;
    };
