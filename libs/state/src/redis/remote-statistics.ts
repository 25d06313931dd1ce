import type { WorkerStatistics } from '@olla/core/statistics';
import { endedStatistics } from '../hub/ended-workers.ts';
import type { StatisticsReading, StatisticsShare } from '../ports/statistics.ts';
import type { HostReport } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import type { HostTable } from './host-table.ts';
import { FLUSH_STATISTICS, LIST_STATISTICS } from './scripts.ts';

/** A host that has ended stays part of the sums this long. */
const KEEP_MS = 15 * 60_000;
/** Interval at which unchanged figures are stored again, so that they do not expire. */
const REFRESH_MS = 60_000;

interface StoredStatistics {
  readonly gateway: string;
  readonly host: string;
  readonly alive: boolean;
  readonly statistics: WorkerStatistics;
}

/** Statistics of workers in Redis: this host's are stored when they change, others' are read on demand. */
export class RemoteStatistics {
  readonly #connection: RedisConnection;
  readonly #keys: Keys;
  readonly #hub: string;
  readonly #hosts: HostTable;
  readonly #flushed = new Map<string, { readonly statistics: WorkerStatistics; readonly alive: boolean }>();
  #flushedAtMs = -Infinity;
  #last: readonly StatisticsShare[] = [];

  constructor(connection: RedisConnection, keys: Keys, hub: string, hosts: HostTable) {
    this.#connection = connection;
    this.#keys = keys;
    this.#hub = hub;
    this.#hosts = hosts;
  }

  /** Makes the next flush send all figures, because Redis may have lost them. */
  forget(): void {
    this.#flushed.clear();
    this.#flushedAtMs = -Infinity;
  }

  /** Sends the changes since the last flush. If it fails, they are part of the next one. */
  async flush(report: HostReport, deadlineMs: number): Promise<void> {
    const nowMs = performance.now();
    const changed = report.statistics.filter(({ instance, statistics, alive }) => {
      const flushed = this.#flushed.get(instance);
      return flushed?.statistics !== statistics || flushed.alive !== alive;
    });
    // These workers are part of the sum of earlier ones now.
    const reported = new Set(report.statistics.map(({ instance }) => instance));
    const gone = [...this.#flushed.keys()].filter((instance) => !reported.has(instance));
    if (report.statistics.length === 0) return;
    if (changed.length + gone.length === 0 && nowMs - this.#flushedAtMs < REFRESH_MS) return;
    const args: (string | number)[] = [this.#hub, KEEP_MS];
    for (const { instance, gateway, host, alive, statistics } of changed) {
      args.push(instance, JSON.stringify({ gateway, host, alive, statistics } satisfies StoredStatistics));
    }
    for (const instance of gone) args.push(instance, '');
    const keys = [this.#keys.statistics(this.#hub), this.#keys.statisticsIndex];
    await this.#connection.runScript(FLUSH_STATISTICS, { deadlineMs, keys, args });
    this.#flushedAtMs = nowMs;
    for (const instance of gone) this.#flushed.delete(instance);
    for (const { instance, statistics, alive } of changed) this.#flushed.set(instance, { statistics, alive });
  }

  /** Reads all figures. While Redis is unreachable, these are the last known ones, and all other hosts are missing. */
  async read(deadlineMs: number): Promise<StatisticsReading> {
    try {
      this.#last = await this.#readAll(deadlineMs);
      return { workers: this.#last, missing: [] };
    } catch {
      // The state's health reports the outage; the reading is partial.
      return { workers: this.#last, missing: this.#hosts.ids() };
    }
  }

  async #readAll(deadlineMs: number): Promise<StatisticsShare[]> {
    const startedMs = performance.now();
    const keys = [this.#keys.statisticsIndex];
    const [redisNowMs, ...hubs] = await this.#connection.runScript(LIST_STATISTICS, {
      deadlineMs,
      keys,
      args: [],
    });
    const others = hubs.filter((hub) => hub !== this.#hub);
    const leftMs = Math.max(1, deadlineMs - (performance.now() - startedMs));
    const all = await this.#connection.run('read statistics', leftMs, (client) =>
      Promise.all(
        others.map(async (hub) => ({ hub, stored: await client.hgetall(this.#keys.statistics(hub)) })),
      ),
    );
    return all.flatMap(({ hub, stored }) => this.#parse(hub, stored, redisNowMs));
  }

  #parse(hub: string, stored: Record<string, string>, redisNowMs: number): StatisticsShare[] {
    const isHostAlive = this.#hosts.has(hub);
    return Object.entries(stored).map(([instance, value]) => {
      const space = value.indexOf(' ');
      const { gateway, host, alive, statistics }: StoredStatistics = JSON.parse(value.slice(space + 1));
      const isAlive = alive && isHostAlive;
      return {
        instance,
        gateway,
        host,
        alive: isAlive,
        ageMs: Math.max(0, redisNowMs - Number(value.slice(0, space))),
        statistics: isAlive ? statistics : endedStatistics(statistics),
      };
    });
  }
}
