import { newRecord } from '@olla/core/records';
import {
  addRouting,
  addTraffic,
  newModelRouting,
  newTrafficCounters,
  type ModelRouting,
  type TrafficCounters,
  type WorkerStatistics,
} from '@olla/core/statistics';
import type { StatisticsShare } from '../ports/statistics.ts';

/** Dead workers that are listed one by one; the counts of earlier ones are kept as one sum. */
const MAX_APART = 8;

/** The last statistics of workers that have died, so that sums never go back. */
export class EndedWorkers {
  readonly #apart: StatisticsShare[] = [];
  #earlier: StatisticsShare | null = null;

  add(share: StatisticsShare): void {
    this.#apart.push({ ...share, alive: false, ageMs: 0, statistics: endedStatistics(share.statistics) });
    if (this.#apart.length <= MAX_APART) return;
    const oldest = this.#apart.shift();
    if (oldest === undefined) return;
    this.#earlier = {
      ...oldest,
      instance: `${oldest.gateway}:earlier`,
      statistics:
        this.#earlier === null ? oldest.statistics : sum(this.#earlier.statistics, oldest.statistics),
    };
  }

  all(): StatisticsShare[] {
    return this.#earlier === null ? [...this.#apart] : [this.#earlier, ...this.#apart];
  }
}

/** A worker's counters, without its requests in flight. */
export function endedStatistics(statistics: WorkerStatistics): WorkerStatistics {
  return { ...statistics, inFlight: {}, connections: 0, blockedAddresses: 0 };
}

function sum(a: WorkerStatistics, b: WorkerStatistics): WorkerStatistics {
  const total = newTrafficCounters();
  addTraffic(total, a.total);
  addTraffic(total, b.total);
  return {
    total,
    endpoints: sumAll(a.endpoints, b.endpoints),
    models: sumAll(a.models, b.models),
    modelEndpoints: sumAll(a.modelEndpoints, b.modelEndpoints),
    routing: sumRouting(a.routing ?? {}, b.routing ?? {}),
    inFlight: {},
    connections: 0,
    rejected: {
      global: a.rejected.global + b.rejected.global,
      perIp: a.rejected.perIp + b.rejected.perIp,
      health: a.rejected.health + b.rejected.health,
      size: a.rejected.size + b.rejected.size,
    },
    blockedAddresses: 0,
    leaseWaits: a.leaseWaits + b.leaseWaits,
    droppedSpans: a.droppedSpans + b.droppedSpans,
  };
}

function sumAll(
  a: Record<string, TrafficCounters>,
  b: Record<string, TrafficCounters>,
): Record<string, TrafficCounters> {
  const sums = newRecord<TrafficCounters>();
  for (const all of [a, b]) {
    for (const [name, traffic] of Object.entries(all)) {
      sums[name] ??= newTrafficCounters();
      addTraffic(sums[name], traffic);
    }
  }
  return sums;
}

function sumRouting(
  a: Record<string, ModelRouting>,
  b: Record<string, ModelRouting>,
): Record<string, ModelRouting> {
  const sums = newRecord<ModelRouting>();
  for (const all of [a, b])
    for (const [name, routing] of Object.entries(all))
      addRouting((sums[name] ??= newModelRouting()), routing);
  return sums;
}
