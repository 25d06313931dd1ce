import { ROUTABLE_STATES } from '@olla/core/snapshot';
import type { LiveInstance, StateHealth } from '@olla/state/port';
import { formatAgo } from './format.ts';
import type { FleetEndpoint } from './fleet.ts';
import type { ClusterStatistics } from './sum-statistics.ts';

export interface Verdict {
  readonly status: 'healthy' | 'degraded' | 'critical';
  /** What an operator should look at, one sentence each; empty when all is well. */
  readonly reasons: string[];
}

export interface JudgeSources {
  readonly fleet: readonly FleetEndpoint[];
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
export function judge(sources: JudgeSources): Verdict {
  const { fleet, statistics } = sources;
  const wanted = fleet.filter((endpoint) => endpoint.drained === null);
  const up = wanted.length === 0 ? 0 : wanted.filter((endpoint) => endpoint.routable).length / wanted.length;
  const asked = statistics.total.requests - statistics.total.cancelled;
  const success = asked === 0 ? 1 : (asked - statistics.total.failures) / asked;
  const reasons = explain(sources, asked, success);
  const below = (level: { up: number; success: number }) => up < level.up || success < level.success;
  if (below(LEVELS.critical)) return { status: 'critical', reasons };
  return { status: below(LEVELS.degraded) || !sources.health.connected ? 'degraded' : 'healthy', reasons };
}

function explain(sources: JudgeSources, asked: number, success: number): string[] {
  const { fleet, health, now } = sources;
  const reasons: string[] = [];
  if (fleet.length === 0)
    reasons.push('No endpoint is configured: add one under discovery.static.endpoints.');
  else if (!sources.hasSnapshot) reasons.push('No discovery agent has told of the endpoints yet.');
  else if (!fleet.some((endpoint) => endpoint.serves)) reasons.push('No endpoint can be routed to.');
  for (const { name, state, reason, drained, seen } of fleet) {
    if (ROUTABLE_STATES.has(state) || drained !== null || seen === null) continue;
    reasons.push(`Endpoint ${name} is ${state.replace('_', ' ')}${reason ? `: ${reason}` : ''}.`);
  }
  if (!health.connected) {
    const since = formatAgo(health.since, now);
    reasons.push(
      `The shared state (${sources.stateKind}) went away ${since}${health.detail ? `: ${health.detail}` : ''}.`,
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
