import { EjectionTable } from '../ejection-table.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { StoreSink } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import type { HostMessages } from './host-messages.ts';
import type { Keys } from './keys.ts';
import { EJECT, READMIT, READ_EJECTIONS } from './scripts.ts';

/** Ejections expire after this time without a gateway. */
export const EJECTIONS_TTL_MS = 60_000;
/** Shorter than a member's deadline for its hub. */
const DEADLINE_MS = 1_000;

export interface EjectionRecordOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly sink: Pick<StoreSink, 'ejection' | 'readmission'>;
  /** The text of the message to other hubs. */
  readonly textOf: <Kind extends 'ejection' | 'readmission'>(kind: Kind, body: HostMessages[Kind]) => string;
}

interface StoredEjections {
  readonly revision: number;
  /** The last ejection or re-admission of each endpoint. */
  readonly last: readonly (Ejection | Readmission)[];
}

/**
 * The ejections in force, in Redis and on this host. A host applies its own decision at once; of two simultaneous ones,
 * Redis decides which is in force. Decisions made while Redis is unreachable apply to this host, and are stored when it
 * is back.
 */
export class EjectionRecord {
  readonly #options: EjectionRecordOptions;
  readonly #table = new EjectionTable();
  /** Keys of the endpoints whose ejection was stored in Redis. If one is missing there, Redis was emptied. */
  readonly #stored = new Set<string>();
  /** This host's re-admissions that are not stored in Redis, by endpoint key. */
  readonly #unwritten = new Map<string, Readmission>();
  #revision = 0;
  /** Number of changes on this host. Data read from Redis before a change is outdated. */
  #changes = 0;

  constructor(options: EjectionRecordOptions) {
    this.#options = options;
  }

  /** The revision in Redis if both sides agree; null while this host has changes to store. */
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

  /** @returns whether this ejection is in force */
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

  // ── from other hosts ────────────────────────────────────────────────────

  receiveEjection(ejection: Ejection): void {
    this.#changes += 1;
    this.#table.replace(ejection);
    this.#stored.add(ejection.endpointKey);
    this.#unwritten.delete(ejection.endpointKey);
    this.#options.sink.ejection(ejection);
  }

  receiveReadmission(readmission: Readmission): void {
    if (!this.#table.replaceReadmission(readmission)) return;
    this.#changes += 1;
    this.#stored.delete(readmission.endpointKey);
    this.#options.sink.readmission(readmission);
  }

  /** Exchanges the decisions of this host and of Redis. */
  async reconcile(): Promise<void> {
    for (const readmission of this.#unwritten.values()) await this.#write(readmission);
    for (const ejection of this.ejected()) {
      if (!this.#stored.has(ejection.endpointKey)) await this.#store(ejection);
    }
    const { revision, last } = await this.#readNewest();
    for (const one of last) {
      if ('ejectedAt' in one) this.receiveReadmission(one);
      else if (this.#table.ejection(one.endpointKey)?.at !== one.at) this.receiveEjection(one);
    }
    const known = new Set(last.map(({ endpointKey }) => endpointKey));
    for (const { endpointKey, endpoint, at } of this.ejected()) {
      if (known.has(endpointKey) || !this.#stored.has(endpointKey)) continue;
      const reason = 'Redis was emptied';
      this.receiveReadmission({ endpointKey, endpoint, ejectedAt: at, reason, by: '', at: Date.now() });
    }
    this.#revision = revision;
  }

  // ── in Redis ────────────────────────────────────────────────────────────

  async #store(ejection: Ejection): Promise<boolean> {
    const { connection, keys, textOf } = this.#options;
    const { endpointKey } = ejection;
    const text = textOf('ejection', ejection);
    const args = [endpointKey, JSON.stringify(ejection), EJECTIONS_TTL_MS, keys.all, text];
    const earlier = await connection.runScript(EJECT, {
      deadlineMs: DEADLINE_MS,
      keys: [keys.ejections],
      args,
    });
    this.#stored.add(endpointKey);
    if (earlier === '') return true;
    this.receiveEjection(JSON.parse(earlier));
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
    // A newer ejection may have arrived meanwhile, which this re-admission must not end.
    if (this.#unwritten.get(endpointKey) === readmission) {
      this.#unwritten.delete(endpointKey);
      this.#stored.delete(endpointKey);
    }
    return ended === 1;
  }

  /** Reads Redis, and reads it again if a change arrived meanwhile. */
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
