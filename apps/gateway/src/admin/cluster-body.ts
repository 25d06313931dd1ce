import type { ClusterBody } from '@olla/admin-api/schema/status';
import type { LiveInstance } from '@olla/state/ports/directory';
import { compareText } from './endpoint-rows.ts';
import type { Moment } from './sources.ts';

/** Live gateways, workers and agents, with the counters of each worker. */
export function clusterBody({ instances, reading, statistics, missing, deps }: Moment): ClusterBody {
  const sorted = [...instances].sort((a, b) => compareText(a.host, b.host) || a.pid - b.pid);
  const byRole = (role: LiveInstance['role']) => sorted.filter((instance) => instance.role === role);
  const figures = new Map(reading.workers.map((worker) => [worker.instance, worker.statistics]));
  const workers = byRole('worker');
  const agents = byRole('agent');
  return {
    gateways: byRole('primary').map((gateway) => ({
      ...common(gateway),
      workers: workers.filter((worker) => worker.gateway === gateway.id).length,
      config_hash: gateway.configHash,
    })),
    workers: workers.map((worker) => {
      const counted = figures.get(worker.id);
      return {
        ...common(worker),
        gateway: worker.gateway,
        requests_total: counted?.total.requests ?? 0,
        in_flight: Object.values(counted?.inFlight ?? {}).reduce((sum, count) => sum + count, 0),
      };
    }),
    agents: agents.map((agent) => ({ ...common(agent), leading: agent.leading })),
    agent_leader: agents.find((agent) => agent.leading)?.id ?? null,
    config_differs: differingGateways(instances, deps.self.configHash),
    missing: [...missing],
    oldest_figures_ms: Math.round(statistics.oldestMs),
  };
}

/** Gateways and agents whose configuration has other endpoints than this gateway's. */
export function differingGateways(instances: readonly LiveInstance[], ownHash: string): string[] {
  return instances
    .filter((instance) => instance.role !== 'worker' && instance.configHash !== ownHash)
    .map((instance) => instance.id)
    .sort(compareText);
}

function common(instance: LiveInstance) {
  return {
    id: instance.id,
    host: instance.host,
    pid: instance.pid,
    version: instance.version,
    started_at: new Date(instance.startedAt).toISOString(),
    age_ms: Math.max(0, Math.round(instance.ageMs)),
  };
}
