import { EjectionTable } from '../ejection-table.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { StoreSink } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import type { HostMessages } from './host-messages.ts';
import type { Keys } from './keys.ts';
import { EJECT, READMIT, READ_EJECTIONS } from './scripts.ts';

/** Ejections are forgotten when every gateway has been away for so long. */
export const EJECTIONS_TTL_MS = 60_000;
/** Shorter than a member waits for its hub. */
const DEADLINE_MS = 1_000;

export interface EjectionRecordOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly sink: Pick<StoreSink, 'ejection' | 'readmission'>;
  /** The text that tells other hubs. */
  readonly textOf: <Kind extends 'ejection' | 'readmission'>(kind: Kind, body: HostMessages[Kind]) => string;
}

interface StoredEjections {
  readonly revision: number;
  /** The last of each endpoint. */
  readonly last: readonly (Ejection | Readmission)[];
}

/**
 * The ejections that stand, in Redis and as this host knows them. A host acts on its own decision at once; Redis says
 * which of two that came together stands. What is decided while Redis is away is for this host, and stored when it is
 * back.
 */
export class EjectionRecord {
  readonly #options: EjectionRecordOptions;
  readonly #table = new EjectionTable();
  /** Keys of the endpoints whose ejection Redis had: where it is missing, Redis was emptied. */
  readonly #stored = new Set<string>();
  /** By endpoint key; of this host, and not known to Redis. */
  readonly #unwritten = new Map<string, Readmission>();
  #revision = 0;
  /** Rises with each change here: what was read of Redis before it is out of date. */
  #changes = 0;

  constructor(options: EjectionRecordOptions) {
    this.#options = options;
  }

  /** Revision that Redis has if nothing changed there, and nothing is to be made up for here. */
  get settledRevision(): number | null {
    const isSettled =
      this.#unwritten.size === 0 && this.ejected().every((one) => this.#stored.has(one.endpointKey));
    return isSettled ? this.#revision : null;
  }

  ejected(): readonly Ejection[] {
    return this.#table.ejected();
  }

  readmitted(): readonly Readmission[] {
    return this.#table.readmitted();
  }

  /** @returns whether this ejection stands */
  async eject(ejection: Ejection): Promise<boolean> {
    if (!this.#table.open(ejection)) return false;
    this.#changes += 1;
    this.#options.sink.ejection(ejection);
    try {
      return await this.#store(ejection);
    } catch {
      return true;
    }
  }

  /** @returns whether this re-admission ended the ejection */
  async readmit(readmission: Readmission): Promise<boolean> {
    if (!this.#table.close(readmission)) return false;
    this.#changes += 1;
    this.#options.sink.readmission(readmission);
    this.#unwritten.set(readmission.endpointKey, readmission);
    try {
      return await this.#write(readmission);
    } catch {
      return true;
    }
  }

  // ── told by other hosts ─────────────────────────────────────────────────

  learnEjection(ejection: Ejection): void {
    this.#changes += 1;
    this.#table.replace(ejection);
    this.#stored.add(ejection.endpointKey);
    this.#unwritten.delete(ejection.endpointKey);
    this.#options.sink.ejection(ejection);
  }

  learnReadmission(readmission: Readmission): void {
    if (!this.#table.learn(readmission)) return;
    this.#changes += 1;
    this.#stored.delete(readmission.endpointKey);
    this.#options.sink.readmission(readmission);
  }

  /** Brings this host and Redis to what each has decided. */
  async reconcile(): Promise<void> {
    for (const readmission of this.#unwritten.values()) await this.#write(readmission);
    for (const ejection of this.ejected()) {
      if (!this.#stored.has(ejection.endpointKey)) await this.#store(ejection);
    }
    const { revision, last } = await this.#readNewest();
    for (const one of last) {
      if ('ejectedAt' in one) this.learnReadmission(one);
      else if (this.#table.ejection(one.endpointKey)?.at !== one.at) this.learnEjection(one);
    }
    const known = new Set(last.map(({ endpointKey }) => endpointKey));
    for (const { endpointKey, endpoint, at } of this.ejected()) {
      if (known.has(endpointKey) || !this.#stored.has(endpointKey)) continue;
      const reason = 'Redis was emptied';
      this.learnReadmission({ endpointKey, endpoint, ejectedAt: at, reason, by: '', at: Date.now() });
    }
    this.#revision = revision;
  }

  // ── in Redis ────────────────────────────────────────────────────────────

  async #store(ejection: Ejection): Promise<boolean> {
    const { connection, keys, textOf } = this.#options;
    const { endpointKey } = ejection;
    const text = textOf('ejection', ejection);
    const args = [endpointKey, JSON.stringify(ejection), EJECTIONS_TTL_MS, keys.all, text];
    const standing = await connection.runScript(EJECT, {
      deadlineMs: DEADLINE_MS,
      keys: [keys.ejections],
      args,
    });
    this.#stored.add(endpointKey);
    if (standing === '') return true;
    this.learnEjection(JSON.parse(standing));
    return false;
  }

  async #write(readmission: Readmission): Promise<boolean> {
    const { connection, keys, textOf } = this.#options;
    const { endpointKey, ejectedAt } = readmission;
    const text = textOf('readmission', readmission);
    const args = [endpointKey, ejectedAt, JSON.stringify(readmission), keys.all, text];
    const ended = await connection.runScript(READMIT, {
      deadlineMs: DEADLINE_MS,
      keys: [keys.ejections],
      args,
    });
    // A newer ejection may have been learned meanwhile: it is not this one's to end.
    if (this.#unwritten.get(endpointKey) === readmission) {
      this.#unwritten.delete(endpointKey);
      this.#stored.delete(endpointKey);
    }
    return ended === 1;
  }

  /** What Redis has, read again if this host learned of a change meanwhile. */
  async #readNewest(): Promise<StoredEjections> {
    for (;;) {
      const changes = this.#changes;
      const stored = await this.#read();
      if (changes === this.#changes) return stored;
    }
  }

  async #read(): Promise<StoredEjections> {
    const { connection, keys } = this.#options;
    const [revision, ...last] = await connection.runScript(READ_EJECTIONS, {
      deadlineMs: DEADLINE_MS,
      keys: [keys.ejections],
      args: [],
    });
    return {
      revision: Number(revision),
      last: last.map((json): Ejection | Readmission => JSON.parse(json)),
    };
  }
}
