import { newTrafficCounters, type WorkerStatistics } from '@olla/core/statistics';

/** Statistics of a worker with this number of requests. */
export function testStatistics(requests: number, more: Partial<WorkerStatistics> = {}): WorkerStatistics {
  return {
    total: { ...newTrafficCounters(), requests },
    endpoints: {},
    models: {},
    modelEndpoints: {},
    inFlight: {},
    connections: 0,
    rejected: { global: 0, perIp: 0, health: 0, size: 0 },
    blockedAddresses: 0,
    leaseWaits: 0,
    droppedSpans: 0,
    ...more,
  };
}
