import type { SnapshotVersion } from '@olla/core/snapshot';
import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import type { HostReport } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { EJECTIONS_TTL_MS } from './ejection-record.ts';
import type { HostNews } from './host-messages.ts';
import type { Keys } from './keys.ts';
import { HEARTBEAT, type HeartbeatReply } from './scripts.ts';

/** What the reply to a heartbeat says. */
export interface Heard {
  /** Instance id. */
  readonly leader: string | null;
  readonly controlRevision: number;
  readonly version: SnapshotVersion;
  readonly ejectionsRevision: number;
  readonly hosts: readonly HeardHost[];
  readonly latencyMs: number;
}

export interface HeardHost {
  readonly hub: string;
  readonly news: HostNews;
  readonly ageMs: number;
  /** It was silent too long, and is taken out: no other heartbeat is told of it. */
  readonly isLost: boolean;
}

export interface HeartbeatOptions {
  readonly hub: string;
  readonly keys: Keys;
  readonly connection: RedisConnection;
  readonly onHeard: (heard: Heard) => void;
}

/** Reports a host to Redis, and reads what may have changed there. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #seq = Date.now();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Number of the next report of this host. */
  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /**
   * Never rejects.
   *
   * @param lostAfterMs for how long another hub may have been silent
   */
  async send({ instances, inFlight }: HostReport, lostAfterMs: number): Promise<void> {
    const { connection, keys, hub, onHeard } = this.#options;
    const news: HostNews = { seq: this.nextSeq(), inFlight, instances };
    const startedMs = performance.now();
    try {
      const reply = await connection.runScript(HEARTBEAT, {
        deadlineMs: COMMAND_TIMEOUT_MS,
        keys: [keys.hosts, keys.lead, keys.control, keys.snapshot, keys.ejections],
        args: [hub, lostAfterMs, JSON.stringify(news), EJECTIONS_TTL_MS],
      });
      onHeard(heardOf(reply, performance.now() - startedMs));
    } catch {
      // The connection tells of the outage; the others see this host fall silent, as it is.
    }
  }
}

function heardOf([leader, revision, token, n, ejections, hosts]: HeartbeatReply, latencyMs: number): Heard {
  return {
    leader: leader === '' ? null : leader,
    controlRevision: Number(revision),
    version: { token: Number(token), n: Number(n) },
    ejectionsRevision: Number(ejections),
    hosts: hosts.map(([hub, ageMs, news, lost]) => ({
      hub,
      ageMs,
      news: JSON.parse(news),
      isLost: lost === 1,
    })),
    latencyMs,
  };
}
