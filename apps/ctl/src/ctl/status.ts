import type { StatusBody, StatusEndpoint } from '@olla/admin-api/schema/status';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { endpointColumns } from '../view/endpoint-columns.ts';
import { showAge, showCount, showMs } from '../view/numbers.ts';
import { safeText } from '../view/text.ts';
import { connect } from './connect.ts';
import type { CtlFlags } from './ctl-flags.ts';
import { print } from './print.ts';
import { withCommandErrors } from './to-command-error.ts';

/** Runs `olla ctl status`. Exits with 7 when `--check` is given and the cluster is degraded. */
export async function showStatus(flags: CtlFlags & { check?: true }): Promise<ExitCode> {
  const client = connect(flags);
  try {
    const status = await withCommandErrors(() => client.status());
    await print<StatusEndpoint>(flags, {
      body: status,
      items: status.endpoints,
      columns: endpointColumns(false),
      rows: status.endpoints,
      name: (endpoint) => endpoint.name,
      lead: statusLead(status, client.gatewayUrl),
    });
    return flags.check && isDegraded(status) ? EXIT.degraded : EXIT.ok;
  } finally {
    client.close();
  }
}

export function isDegraded({ system }: StatusBody): boolean {
  return system.status !== 'healthy' || system.reasons.length > 0;
}

/** The lines above the endpoint table. */
export function statusLead(status: StatusBody, gatewayUrl: string): string {
  const { system, cluster, limits, traffic } = status;
  const lines = [
    `olla ${system.version} at ${gatewayUrl}: ${system.status}, up ${system.uptime}${system.draining ? ', draining' : ''}`,
    `gateways ${cluster.gateways.length}  workers ${cluster.workers.length}  agents ${cluster.agents.length}, ${
      cluster.agent_leader === null ? 'none leads' : `${safeText(cluster.agent_leader)} leads`
    }`,
    `state    ${stateText(status)}`,
    `limits   ${limitText('all', limits.global)}  ${limitText('an address', limits.per_ip)}  ${limitText('system endpoints', limits.health)}${
      limits.fallback_active ? `  fallback: ${limits.fallback}` : ''
    }`,
    `traffic  ${showCount(system.total_requests)} requests, ${system.success_rate} ok, ${system.in_flight} in flight, TTFT p50 ${showMs(
      traffic.ttft_p50_ms,
    )} p95 ${showMs(traffic.ttft_p95_ms)}`,
    `fleet    ${system.endpoints_up} endpoints up, ${system.models_total} models`,
  ];
  for (const { endpoint, by, at } of status.control.drained) {
    const age = showAge(Date.parse(status.timestamp) - Date.parse(at));
    lines.push(`drained  ${safeText(endpoint)} by ${safeText(by)}, ${age} ago`);
  }
  for (const reason of system.reasons) lines.push(`! ${safeText(reason)}`);
  if (cluster.missing.length > 0)
    lines.push(`! These did not answer in time: ${cluster.missing.map(safeText).join(', ')}.`);
  return `${lines.join('\n')}\n\n`;
}

function stateText({ state, timestamp }: StatusBody): string {
  const latency = state.latency_ms === null ? '' : `, ${state.latency_ms.toFixed(1)} ms`;
  if (state.connected) return `${state.kind}, connected${latency}`;
  const age = showAge(Date.parse(timestamp) - Date.parse(state.since));
  return `${state.kind}, UNREACHABLE for ${age}${state.detail ? `: ${safeText(state.detail)}` : ''}`;
}

function limitText(name: string, limit: StatusBody['limits']['global']): string {
  if (limit.requests_per_minute === null) return `${name} no limit`;
  return `${name} ${showCount(limit.requests_per_minute)}/min (${showCount(limit.rejected_total)} refused)`;
}
