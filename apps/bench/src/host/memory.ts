import { readProcessTree } from './process-tree.ts';
import { readFileIfExists } from './read-file-if-exists.ts';

/** Memory of a process tree at one moment, in KiB. */
export interface TreeMemory {
  /** Proportional set size of all processes but the agent, in which shared pages count once. RSS as a fallback. */
  readonly dataPathKiB: number;
  readonly agentKiB: number;
  /** Resident set of the largest worker, or of the root when there are no workers. */
  readonly largestWorkerRssKiB: number;
}

/** Reads a line `Name:  123 kB` of /proc/PID/status or smaps_rollup. */
export function parseKiB(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match === null ? undefined : Number(match[1]);
}

export function readTreeMemory(root: number): TreeMemory {
  const tree = readProcessTree(root);
  const hasWorkers = tree.some((process) => process.role === 'worker');
  const memory = { dataPathKiB: 0, agentKiB: 0, largestWorkerRssKiB: 0 };
  for (const { pid, role } of tree) {
    const rssKiB = parseKiB(readFileIfExists(`/proc/${pid}/status`) ?? '', 'VmRSS') ?? 0;
    const pssKiB = parseKiB(readFileIfExists(`/proc/${pid}/smaps_rollup`) ?? '', 'Pss') ?? rssKiB;
    if (role === 'agent') memory.agentKiB += pssKiB;
    else memory.dataPathKiB += pssKiB;
    const isWorker = hasWorkers ? role === 'worker' : role === 'root';
    if (isWorker) memory.largestWorkerRssKiB = Math.max(memory.largestWorkerRssKiB, rssKiB);
  }
  return memory;
}
