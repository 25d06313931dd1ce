import type { SnapshotVersion } from '@olla/core/snapshot';
import { INSTANCE_TTL_MS } from '../ports/directory.ts';
import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import type { HostReport } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { EJECTIONS_TTL_MS } from './ejection-record.ts';
import type { HostNews } from './host-messages.ts';
import type { Keys } from './keys.ts';
import { HEARTBEAT } from './scripts.ts';

/** What the reply to a heartbeat says. */
export interface Heard {
  /** Instance id. */
  readonly leader: string | null;
  readonly controlRevision: number;
  readonly version: SnapshotVersion;
  readonly ejectionsRevision: number;
  /** The other hosts. */
  readonly hosts: readonly { readonly hub: string; readonly news: HostNews; readonly ageMs: number }[];
  readonly latencyMs: number;
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

  /** Never rejects. */
  async beat({ instances, inFlight }: HostReport): Promise<void> {
    const { connection, keys, hub, onHeard } = this.#options;
    const news: HostNews = { seq: this.nextSeq(), inFlight, instances };
    const startedMs = performance.now();
    try {
      const reply = await connection.script(
        'heartbeat',
        COMMAND_TIMEOUT_MS,
        HEARTBEAT,
        [keys.hosts, keys.lead, keys.control, keys.snapshot, keys.ejections],
        [hub, INSTANCE_TTL_MS, JSON.stringify(news), EJECTIONS_TTL_MS],
      );
      onHeard(heardOf(reply as string[], performance.now() - startedMs));
    } catch {
      // The connection tells of the outage; the others see this host fall silent, as it is.
    }
  }
}

/** The reply of the script HEARTBEAT as it is typed. */
function heardOf(reply: readonly string[], latencyMs: number): Heard {
  const [leader, controlRevision, token, n, ejectionsRevision, ...rest] = reply;
  const hosts: { hub: string; news: HostNews; ageMs: number }[] = [];
  for (let i = 0; i + 2 < rest.length; i += 3) {
    const [hub = '', ageMs, news = ''] = rest.slice(i, i + 3);
    hosts.push({ hub, ageMs: Number(ageMs), news: JSON.parse(news) as HostNews });
  }
  return {
    leader: leader === '' || leader === undefined ? null : leader,
    controlRevision: Number(controlRevision),
    version: { token: Number(token), n: Number(n) },
    ejectionsRevision: Number(ejectionsRevision),
    hosts,
    latencyMs,
  };
}
