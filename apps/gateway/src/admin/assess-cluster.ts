import type { LiveInstance } from '@olla/state/ports/directory';
import type { StateHealth } from '@olla/state/ports/health';
import { formatAgo } from './format.ts';
import type { EndpointRow } from './endpoint-rows.ts';
import type { ClusterStatistics } from './sum-statistics.ts';

export interface Assessment {
  readonly status: 'healthy' | 'degraded' | 'critical';
  /** The problems that an operator should look at, one sentence each; empty if there are none. */
  readonly reasons: string[];
}

export interface AssessmentSources {
  readonly endpoints: readonly EndpointRow[];
  readonly statistics: ClusterStatistics;
  readonly health: StateHealth;
  readonly stateKind: 'memory' | 'redis';
  readonly instances: readonly LiveInstance[];
  readonly configDiffers: readonly string[];
  readonly hasSnapshot: boolean;
  readonly now: number;
}

/** Shares of endpoints and of answered requests below which the original calls itself degraded or critical. */
const LEVELS = { critical: { up: 0.5, success: 0.9 }, degraded: { up: 0.8, success: 0.95 } } as const;

/** How the cluster is. Endpoints that an operator drained are not missing. */
export function assessCluster(sources: AssessmentSources): Assessment {
  const { endpoints, statistics } = sources;
  const wanted = endpoints.filter(({ status }) => status.status !== 'draining');
  const up = wanted.length === 0 ? 0 : wanted.filter(({ status }) => status.serves).length / wanted.length;
  const asked = statistics.total.requests - statistics.total.cancelled;
  const success = asked === 0 ? 1 : (asked - statistics.total.failures) / asked;
  const reasons = explain(sources, asked, success);
  const below = (level: { up: number; success: number }) => up < level.up || success < level.success;
  if (below(LEVELS.critical)) return { status: 'critical', reasons };
  return { status: below(LEVELS.degraded) || !sources.health.connected ? 'degraded' : 'healthy', reasons };
}

function explain(sources: AssessmentSources, asked: number, success: number): string[] {
  const { endpoints, health, now } = sources;
  const reasons: string[] = [];
  if (endpoints.length === 0)
    reasons.push('No endpoint is configured: add one under discovery.static.endpoints.');
  else if (!sources.hasSnapshot) reasons.push('No discovery agent has published the endpoints yet.');
  else if (!endpoints.some(({ status }) => status.serves)) reasons.push('No endpoint can be routed to.');
  for (const {
    name,
    probed,
    status: { serves, status, reason },
  } of endpoints) {
    if (serves || status === 'draining' || probed === null) continue;
    reasons.push(`Endpoint ${name} is ${status.replace('_', ' ')}${reason ? `: ${reason}` : ''}.`);
  }
  if (!health.connected) {
    const since = formatAgo(health.since, now);
    reasons.push(
      `The shared state (${sources.stateKind}) became unreachable ${since}${health.detail ? `: ${health.detail}` : ''}.`,
    );
  } else if (!sources.instances.some((instance) => instance.role === 'agent' && instance.leading)) {
    reasons.push('No discovery agent leads: endpoints and models are not followed.');
  }
  if (sources.configDiffers.length > 0) {
    reasons.push(`Other endpoints are configured on ${sources.configDiffers.join(', ')}.`);
  }
  if (success < LEVELS.degraded.success) {
    reasons.push(`${asked - Math.round(asked * success)} of ${asked} requests failed.`);
  }
  return reasons;
}
