import type { Instance } from '@olla/core/instance';
import { INSTANCE_TTL_MS, type LiveInstance } from '../ports/directory.ts';
import type { ReportedInstance } from '../store.ts';
import type { HostUpdate } from './host-messages.ts';

interface RemoteHost {
  seq: number;
  inFlight: Readonly<Record<string, number>>;
  instances: readonly ReportedInstance[];
  seenAtMs: number;
}

/** The last reports of the other hosts. They are kept unchanged while Redis is unreachable. */
export class HostTable {
  readonly #hosts = new Map<string, RemoteHost>();

  /** @returns whether counts in flight changed */
  update(hub: string, update: HostUpdate, ageMs: number): boolean {
    const host = this.#hosts.get(hub) ?? { seq: 0, inFlight: {}, instances: [], seenAtMs: 0 };
    this.#hosts.set(hub, host);
    host.seenAtMs = Math.max(host.seenAtMs, performance.now() - ageMs);
    if (update.instances !== undefined) host.instances = update.instances;
    if (update.seq <= host.seq) return false;
    host.seq = update.seq;
    host.inFlight = update.inFlight;
    return true;
  }

  /**
   * Removes hosts that a heartbeat's reply does not name and that have been silent for too long. The silence matters,
   * because an emptied Redis names no host until each has reported again.
   *
   * @returns whether any host was removed
   */
  keepOnly(hubs: ReadonlySet<string>): boolean {
    const oldestMs = performance.now() - INSTANCE_TTL_MS;
    let any = false;
    for (const [hub, { seenAtMs }] of [...this.#hosts]) {
      if (!hubs.has(hub) && seenAtMs < oldestMs) any = this.forget(hub) || any;
    }
    return any;
  }

  /** Ignores their silence until now, because Redis was unreachable. */
  resetSilence(): void {
    for (const host of this.#hosts.values()) host.seenAtMs = performance.now();
  }

  forget(hub: string): boolean {
    return this.#hosts.delete(hub);
  }

  ids(): string[] {
    return [...this.#hosts.keys()];
  }

  has(hub: string): boolean {
    return this.#hosts.has(hub);
  }

  instancesOf(hub: string): readonly Instance[] {
    return this.#hosts.get(hub)?.instances ?? [];
  }

  inFlight(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { inFlight } of this.#hosts.values()) {
      for (const [key, count] of Object.entries(inFlight)) sums.set(key, (sums.get(key) ?? 0) + count);
    }
    return sums;
  }

  instances(leader: string | null): LiveInstance[] {
    const nowMs = performance.now();
    return [...this.#hosts.values()].flatMap(({ instances, seenAtMs }) =>
      instances.map((instance) => ({
        ...instance,
        ageMs: Math.round(instance.ageMs + nowMs - seenAtMs),
        leading: instance.id === leader,
      })),
    );
  }

  peers(): { readonly gateways: number; readonly workers: number } {
    let gateways = 0;
    let workers = 0;
    for (const { instances } of this.#hosts.values()) {
      if (instances.some(({ role }) => role === 'primary')) gateways += 1;
      workers += instances.filter(({ role }) => role === 'worker').length;
    }
    return { gateways, workers };
  }
}
