import { readIfThere, readProcessTree } from './process-tree.ts';

/** Memory of a tree of processes at one moment, KiB. */
export interface TreeMemory {
  /** Proportional set size of all without the agent: shared pages count once. Falls back to RSS. */
  readonly dataPathKiB: number;
  readonly agentKiB: number;
  /** Resident set of the largest worker (of the only process, where there is but one). */
  readonly largestWorkerRssKiB: number;
}

/** A `Name:  123 kB` line of /proc/PID/status or smaps_rollup. */
export function parseKiB(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match === null ? undefined : Number(match[1]);
}

export function readTreeMemory(root: number): TreeMemory {
  const tree = readProcessTree(root);
  const hasWorkers = tree.some((process) => process.role === 'worker');
  const memory = { dataPathKiB: 0, agentKiB: 0, largestWorkerRssKiB: 0 };
  for (const { pid, role } of tree) {
    const rssKiB = parseKiB(readIfThere(`/proc/${pid}/status`) ?? '', 'VmRSS') ?? 0;
    const pssKiB = parseKiB(readIfThere(`/proc/${pid}/smaps_rollup`) ?? '', 'Pss') ?? rssKiB;
    if (role === 'agent') memory.agentKiB += pssKiB;
    else memory.dataPathKiB += pssKiB;
    const isWorker = hasWorkers ? role === 'worker' : role === 'root';
    if (isWorker) memory.largestWorkerRssKiB = Math.max(memory.largestWorkerRssKiB, rssKiB);
  }
  return memory;
}
