import type { SnapshotVersion } from '@olla/core/snapshot';
import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import type { HostReport } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { EJECTIONS_TTL_MS } from './ejection-record.ts';
import type { HostUpdate } from './host-messages.ts';
import type { Keys } from './keys.ts';
import { HEARTBEAT, type HeartbeatReply } from './scripts.ts';

/** The parsed reply to a heartbeat. */
export interface HeartbeatResult {
  /** Instance id. */
  readonly leader: string | null;
  readonly controlRevision: number;
  readonly version: SnapshotVersion;
  readonly ejectionsRevision: number;
  readonly hosts: readonly HeartbeatHost[];
  readonly latencyMs: number;
}

export interface HeartbeatHost {
  readonly hub: string;
  readonly update: HostUpdate;
  readonly ageMs: number;
  /** It was silent for too long and has been removed. Only this reply reports it. */
  readonly isLost: boolean;
}

export interface HeartbeatOptions {
  readonly hub: string;
  readonly keys: Keys;
  readonly connection: RedisConnection;
  readonly onReply: (result: HeartbeatResult) => void;
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
   * Sends one heartbeat. Never rejects.
   *
   * @param lostAfterMs silence after which another hub is lost
   */
  async send({ instances, inFlight }: HostReport, lostAfterMs: number): Promise<void> {
    const { connection, keys, hub, onReply } = this.#options;
    const update: HostUpdate = { seq: this.nextSeq(), inFlight, instances };
    const startedMs = performance.now();
    try {
      const reply = await connection.runScript(HEARTBEAT, {
        deadlineMs: COMMAND_TIMEOUT_MS,
        keys: [keys.hosts, keys.lead, keys.control, keys.snapshot, keys.ejections],
        args: [hub, lostAfterMs, JSON.stringify(update), EJECTIONS_TTL_MS],
      });
      onReply(resultOf(reply, performance.now() - startedMs));
    } catch {
      // The connection reports the outage. Other hosts miss this host's heartbeats.
    }
  }
}

function resultOf(
  [leader, revision, token, n, ejections, hosts]: HeartbeatReply,
  latencyMs: number,
): HeartbeatResult {
  return {
    leader: leader === '' ? null : leader,
    controlRevision: Number(revision),
    version: { token: Number(token), n: Number(n) },
    ejectionsRevision: Number(ejections),
    hosts: hosts.map(([hub, ageMs, update, lost]) => ({
      hub,
      ageMs,
      update: JSON.parse(update),
      isLost: lost === 1,
    })),
    latencyMs,
  };
}
