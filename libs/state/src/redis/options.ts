/** The address of Redis, and the name of the cluster in it. */
export interface RedisOptions {
  /** `redis://` or `rediss://`, with user, password and database as needed. Never logged. */
  readonly url: string;
  /** Clusters of different names can share one Redis. */
  readonly name: string;
}
