/** Version of the stored format, raised with each change that older processes could not read. */
const FORMAT = 'v1';

/** Names of all keys and channels of one cluster. One hash tag, so that scripts work on Redis Cluster. */
export class Keys {
  readonly prefix: string;
  /**
   * Hash: `holder`, `token`, `until` (Redis's ms), `local` (newest token that a host gave while Redis was unreachable).
   * It stays when the lead ends, because the token must never decrease.
   */
  readonly lead: string;
  /** Hash: `token`, `n`, `head` (JSON), `catalogId`. */
  readonly snapshot: string;
  /** Hash: `id`, `json`. */
  readonly catalog: string;
  /** Hash: `revision`, `json`. */
  readonly control: string;
  /** Hash: hub's instance id → `ms json` of its last report. */
  readonly hosts: string;
  /** Sorted set: hub's instance id by the time of its last statistics. */
  readonly statisticsIndex: string;
  /** Sorted set: the last events (JSON) by their time in ms. */
  readonly events: string;
  /** Hash: `revision`, and endpoint key → its last ejection or re-admission (JSON). */
  readonly ejections: string;
  /** Channel to all hubs. */
  readonly all: string;

  constructor(name: string) {
    this.prefix = `olla:{${name}}:${FORMAT}:`;
    this.lead = `${this.prefix}lead`;
    this.snapshot = `${this.prefix}snapshot`;
    this.catalog = `${this.prefix}catalog`;
    this.control = `${this.prefix}control`;
    this.hosts = `${this.prefix}hosts`;
    this.statisticsIndex = `${this.prefix}statistics`;
    this.events = `${this.prefix}events`;
    this.ejections = `${this.prefix}ejections`;
    this.all = `${this.prefix}all`;
  }

  /** Hash of one bucket; it expires when the bucket is full. */
  limit(key: string): string {
    return `${this.prefix}limit:${key}`;
  }

  /** Hash: worker's instance id → `ms json`. */
  statistics(hub: string): string {
    return `${this.prefix}statistics:${hub}`;
  }

  /** Channel to one hub, for replies to its questions. */
  to(hub: string): string {
    return `${this.prefix}to:${hub}`;
  }
}
