import { readdirSync } from 'node:fs';
import { readIfThere, readProcessTree, type TreeProcess } from './process-tree.ts';

/** Linux fixes USER_HZ, the unit of /proc/PID/stat, at 100 on every architecture that Node runs on. */
const US_PER_TICK = 10_000;

/** CPU time since their start of the processes that live, µs. */
export interface TreeCpu {
  /** Without the agent: what the path of requests uses. */
  readonly dataPathUs: number;
  readonly agentUs: number;
}

export function readTreeCpu(root: number): TreeCpu {
  let dataPathUs = 0;
  let agentUs = 0;
  for (const process of readProcessTree(root)) {
    const usedUs = cpuUsOf(process);
    if (process.role === 'agent') agentUs += usedUs;
    else dataPathUs += usedUs;
  }
  return { dataPathUs, agentUs };
}

/** CPU time of one process, µs. */
export function readProcessCpuUs(pid: number): number {
  return threadsCpuUs(pid) ?? 0;
}

/** First field of a schedstat file: time on a CPU, in ns. Undefined where the kernel keeps none. */
export function parseSchedstatUs(text: string): number | undefined {
  const ns = Number.parseInt(text, 10);
  return Number.isNaN(ns) ? undefined : ns / 1000;
}

/** Scheduler statistics count nanoseconds; a tick of 10 ms would be 10 % of a short window's figure. */
function cpuUsOf(process: TreeProcess): number {
  return threadsCpuUs(process.pid) ?? process.ownTicks * US_PER_TICK;
}

function threadsCpuUs(pid: number): number | undefined {
  let totalUs: number | undefined;
  for (const thread of threadsOf(pid)) {
    const us = parseSchedstatUs(readIfThere(`/proc/${pid}/task/${thread}/schedstat`) ?? '');
    if (us !== undefined) totalUs = (totalUs ?? 0) + us;
  }
  return totalUs === 0 ? undefined : totalUs;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // The process has ended since its tree was read.
    return [];
  }
}
