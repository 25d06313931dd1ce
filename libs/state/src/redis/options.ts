/** Where Redis is, and the name of the cluster in it. */
export interface RedisOptions {
  /** `redis://` or `rediss://`, with user, password and database as needed. Never logged. */
  readonly url: string;
  /** Clusters of different names share one Redis without meeting. */
  readonly name: string;
}
