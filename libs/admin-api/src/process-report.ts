import { monitorEventLoopDelay, performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { Instance } from '@olla/core/instance';
import type { ProcessReport } from './schema/process.ts';

/** The kind of the question that every process answers with its ProcessReport. */
export const PROCESS_QUESTION = 'process';

/** Interval at which the delay of the event loop is sampled. At this one the sampling costs next to nothing. */
const DELAY_RESOLUTION_MS = 20;

/** The ports of the shared state that this uses. */
export interface Answering {
  readonly self: Instance;
  readonly ask: { onQuestion(kind: string, reply: () => unknown): () => void };
}

/**
 * Makes this process answer questions about its memory, CPU time and event loop.
 *
 * @returns a function that ends it
 */
export function answerProcessQuestions(state: Answering): () => void {
  const report = createProcessReporter(state.self);
  const unsubscribe = state.ask.onQuestion(PROCESS_QUESTION, report.read);
  return () => {
    unsubscribe();
    report.stop();
  };
}

export interface ProcessReporter {
  readonly read: () => ProcessReport;
  readonly stop: () => void;
}

/** Measures this process. The delay and the utilization in a report are those since the report before. */
export function createProcessReporter(self: Instance): ProcessReporter {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delay.enable();
  let utilization: EventLoopUtilization = performance.eventLoopUtilization();
  const read = (): ProcessReport => {
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const now = performance.eventLoopUtilization();
    const share = performance.eventLoopUtilization(now, utilization).utilization;
    utilization = now;
    const isMeasured = delay.count > 0;
    // The histogram records the time between two samples. What exceeds the interval is delay.
    const delayMs = (nanoseconds: number): number | null =>
      isMeasured ? round(Math.max(0, nanoseconds / 1e6 - DELAY_RESOLUTION_MS)) : null;
    const report: ProcessReport = {
      id: self.id,
      role: self.role,
      host: self.host,
      gateway: self.gateway,
      pid: self.pid,
      version: self.version,
      node_version: process.version,
      started_at: new Date(self.startedAt).toISOString(),
      uptime_ms: Math.round(process.uptime() * 1_000),
      rss_bytes: memory.rss,
      heap_used_bytes: memory.heapUsed,
      heap_total_bytes: memory.heapTotal,
      external_bytes: memory.external,
      cpu_user_ms: Math.round(cpu.user / 1_000),
      cpu_system_ms: Math.round(cpu.system / 1_000),
      event_loop_utilization: Number.isFinite(share) ? Math.min(1, Math.max(0, round(share))) : 0,
      event_loop_delay_p50_ms: delayMs(delay.percentile(50)),
      event_loop_delay_p99_ms: delayMs(delay.percentile(99)),
      event_loop_delay_max_ms: delayMs(delay.max),
    };
    delay.reset();
    return report;
  };
  return { read, stop: () => void delay.disable() };
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
