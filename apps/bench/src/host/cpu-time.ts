import { readdirSync } from 'node:fs';
import { readProcessTree, type TreeProcess } from './process-tree.ts';
import { readFileIfExists } from './read-file-if-exists.ts';

/** The unit of /proc/PID/stat. Linux fixes USER_HZ at 100 on every architecture that Node runs on. */
const US_PER_TICK = 10_000;

/** CPU time in microseconds of the running processes, since their start. */
export interface TreeCpu {
  /** All processes but the discovery agent, which no request passes. */
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

/** CPU time of one process in microseconds. */
export function readProcessCpuUs(pid: number): number {
  return threadsCpuUs(pid) ?? 0;
}

/** Microseconds on a CPU, from the first field of a schedstat file. Undefined when the kernel keeps no statistics. */
export function parseSchedstatUs(text: string): number | undefined {
  const ns = Number.parseInt(text, 10);
  return Number.isNaN(ns) ? undefined : ns / 1000;
}

/** Prefers scheduler statistics, which count nanoseconds: a tick of 10 ms is 10 % of a short window. */
function cpuUsOf(process: TreeProcess): number {
  return threadsCpuUs(process.pid) ?? process.ownTicks * US_PER_TICK;
}

function threadsCpuUs(pid: number): number | undefined {
  let totalUs: number | undefined;
  for (const thread of threadsOf(pid)) {
    const us = parseSchedstatUs(readFileIfExists(`/proc/${pid}/task/${thread}/schedstat`) ?? '');
    if (us !== undefined) totalUs = (totalUs ?? 0) + us;
  }
  return totalUs === 0 ? undefined : totalUs;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // The process has exited since its tree was read.
    return [];
  }
}
