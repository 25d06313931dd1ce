import type { StatusEndpoint } from '@olla/admin-api/schema/status';
import { showCount, showMs, showRate, UNKNOWN } from './numbers.ts';
import { showStatusMark, statusMark } from './status-mark.ts';
import type { Column } from './table.ts';

/** `38/64`, or `38` when the number of slots is unknown. */
export function showInFlight(endpoint: StatusEndpoint): string {
  return endpoint.slots === null ? String(endpoint.in_flight) : `${endpoint.in_flight}/${endpoint.slots}`;
}

/** `14 (3)`: the number of models, and of those in memory. */
export function showModels({ models }: StatusEndpoint): string {
  return models.loaded === null ? String(models.count) : `${models.count} (${models.loaded})`;
}

/** The columns of `olla ctl endpoints`. */
export function endpointColumns(ascii: boolean): Column<StatusEndpoint>[] {
  return [
    { title: 'ENDPOINT', value: (row) => row.name },
    { title: 'TYPE', value: (row) => row.type },
    {
      title: 'STATE',
      value: (row) => showStatusMark(statusMark(row.status), ascii),
      color: (row) => statusMark(row.status).color,
    },
    { title: 'IN-FLIGHT', align: 'right', value: showInFlight },
    { title: 'QUEUED', align: 'right', value: (row) => showCount(row.backend_queued) },
    { title: 'MODELS (LOADED)', align: 'right', value: showModels },
    { title: 'REQUESTS', align: 'right', value: (row) => showCount(row.requests) },
    { title: 'SUCCESS', align: 'right', value: (row) => row.success_rate },
    { title: 'TTFT95', align: 'right', value: (row) => showMs(row.ttft_p95_ms) },
    { title: 'TTFT50', align: 'right', wide: true, value: (row) => showMs(row.ttft_p50_ms) },
    { title: 'TOK/S EACH', align: 'right', wide: true, value: (row) => showRate(row.tokens_per_second) },
    { title: 'FAILED', align: 'right', wide: true, value: (row) => showCount(row.failures_total) },
    { title: 'PRIORITY', align: 'right', wide: true, value: (row) => String(row.priority) },
    { title: 'URL', wide: true, value: (row) => row.url ?? '-' },
    { title: 'REASON', wide: true, value: (row) => row.reason || UNKNOWN },
  ];
}
