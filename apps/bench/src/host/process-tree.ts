import { readdirSync, readFileSync } from 'node:fs';

/** One line of /proc/PID/stat, as far as the bench needs it. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** User and system time of all its threads, in clock ticks. */
  readonly ownTicks: number;
}

/** Parses /proc/PID/stat. The name, in parentheses, may itself hold spaces and parentheses. Undefined if malformed. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  if (nameEnd === -1 || Number.isNaN(pid)) return undefined;
  const fields = text.slice(nameEnd + 2).split(' ');
  const [parentPid, user, system] = [fields[1], fields[11], fields[12]].map(Number);
  if (parentPid === undefined || user === undefined || system === undefined) return undefined;
  if (Number.isNaN(parentPid + user + system)) return undefined;
  return { pid, parentPid, ownTicks: user + system };
}

/** The root and all that descend from it, root first; empty when it is gone. */
export function descendants(root: number, processes: readonly ProcessStat[]): ProcessStat[] {
  const found = processes.filter((process) => process.pid === root);
  for (let at = 0; at < found.length; at += 1) {
    const parent = found[at]!.pid;
    for (const process of processes)
      if (process.parentPid === parent && process.pid !== root) found.push(process);
  }
  return found;
}

/** `root`: the process that was started. `agent`: the gateway's discovery. `worker`: any other descendant. */
export type ProcessRole = 'root' | 'worker' | 'agent';

export interface TreeProcess extends ProcessStat {
  readonly role: ProcessRole;
}

/** The tree as it is now. */
export function readProcessTree(root: number): TreeProcess[] {
  return descendants(root, readAllProcesses()).map((stat) => ({
    ...stat,
    role: stat.pid === root ? 'root' : roleOfEnvironment(readIfThere(`/proc/${stat.pid}/environ`) ?? ''),
  }));
}

/**
 * The gateway's workers and its agent run the same file; `olla serve` tells them apart by the environment.
 * @param environment as in /proc/PID/environ, its entries ended by NUL.
 */
export function roleOfEnvironment(environment: string): ProcessRole {
  return environment.split('\0').includes('OLLA_CHILD=agent') ? 'agent' : 'worker';
}

/** Undefined when the process has ended meanwhile, or may not be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Processes end at any time: one that is gone uses nothing any more.
    return undefined;
  }
}

function readAllProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseProcessStat(readIfThere(`/proc/${name}/stat`) ?? ''))
    .filter((stat) => stat !== undefined);
}
