import type { Instance } from '@olla/core/instance';
import { INSTANCE_TTL_MS } from './ports/directory.ts';
import type { ClusterEvent } from './ports/events.ts';
import type { LeadChange } from './memory/local-lead.ts';

/** The events that the shared state itself publishes. */

/** The lead has passed to another agent. */
export function leaderEvent({ from, to, reason }: LeadChange, leader: Instance): ClusterEvent {
  return { time: now(), kind: 'leader', gateway: leader.gateway, from, to, reason, by: leader.id };
}

export function gatewayStarted(gateway: string): ClusterEvent {
  return gatewayEvent(gateway, { from: null, to: 'up', reason: 'the gateway has started', by: gateway });
}

export function gatewayLeft(gateway: string): ClusterEvent {
  return gatewayEvent(gateway, { from: 'up', to: 'left', reason: 'the gateway was stopped', by: gateway });
}

/** @param by the gateway that noticed */
export function gatewayLost(gateway: string, by: string): ClusterEvent {
  const reason = `no heartbeat for ${INSTANCE_TTL_MS / 1_000} s`;
  return gatewayEvent(gateway, { from: 'up', to: 'lost', reason, by });
}

/** The other gateways had reported this one as lost. */
export function gatewayReturned(gateway: string): ClusterEvent {
  return gatewayEvent(gateway, { from: 'lost', to: 'up', reason: 'it sends heartbeats again', by: gateway });
}

function gatewayEvent(
  gateway: string,
  change: Pick<ClusterEvent, 'from' | 'to' | 'reason' | 'by'>,
): ClusterEvent {
  return { time: now(), kind: 'gateway', gateway, ...change };
}

function now(): string {
  return new Date().toISOString();
}
