import { availableParallelism } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { PROCESS_QUESTION } from '@olla/admin-api/process-report';
import type { ProcessBody, ProcessReport } from '@olla/admin-api/schema/process';
import { compareText } from './endpoint-rows.ts';
import { formatBytes, formatDuration } from './format.ts';
import type { AdminDeps } from './sources.ts';

/** Patience with processes of all hosts. */
const ASK_DEADLINE_MS = 500;

/** GET /internal/process. Never rejects: while the shared state is unreachable, the worker reports only itself. */
export async function processBody(deps: AdminDeps): Promise<ProcessBody> {
  const asked = await deps.state.ask.ask({ kind: PROCESS_QUESTION }, ASK_DEADLINE_MS).then(
    ({ replies, missing }) => ({
      reports: replies.map(({ reply }) => reply).filter(isReport),
      missing: [...missing],
    }),
    () => ({ reports: [], missing: ['processes'] }),
  );
  const memory = process.memoryUsage();
  const { heap_size_limit: heapLimit } = getHeapStatistics();
  const share = memory.heapUsed / heapLimit;
  return {
    timestamp: new Date(deps.now?.() ?? Date.now()).toISOString(),
    memory: {
      heap_alloc: formatBytes(memory.heapUsed),
      heap_sys: formatBytes(memory.heapTotal),
      heap_inuse: formatBytes(memory.heapUsed),
      memory_pressure: share < 0.5 ? 'LOW' : share < 0.8 ? 'MEDIUM' : 'HIGH',
    },
    runtime: {
      uptime: formatDuration(process.uptime() * 1_000),
      num_cpu: availableParallelism(),
      node_version: process.version,
    },
    processes: asked.reports.sort(
      (a, b) => compareText(a.host, b.host) || compareText(a.role, b.role) || a.pid - b.pid,
    ),
    missing: asked.missing,
  };
}

function isReport(reply: unknown): reply is ProcessReport {
  return typeof reply === 'object' && reply !== null && 'id' in reply && 'rss_bytes' in reply;
}
