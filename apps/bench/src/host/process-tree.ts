import { readdirSync } from 'node:fs';
import { readFileIfExists } from './read-file-if-exists.ts';

/** The fields of /proc/PID/stat that the bench uses. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** User and system time of all its threads, in clock ticks. */
  readonly ownTicks: number;
}

/** Parses /proc/PID/stat. The name in parentheses may hold spaces and parentheses. Undefined when malformed. */
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

/** The root and its descendants, root first. Empty when the root has exited. */
export function descendants(root: number, processes: readonly ProcessStat[]): ProcessStat[] {
  const found = processes.filter((process) => process.pid === root);
  for (let at = 0; at < found.length; at += 1) {
    const parent = found[at]!.pid;
    for (const process of processes)
      if (process.parentPid === parent && process.pid !== root) found.push(process);
  }
  return found;
}

/** `root`: the process that was started. `agent`: the gateway's discovery agent. `worker`: any other descendant. */
export type ProcessRole = 'root' | 'worker' | 'agent';

export interface TreeProcess extends ProcessStat {
  readonly role: ProcessRole;
}

/** Reads the current process tree below a root. */
export function readProcessTree(root: number): TreeProcess[] {
  return descendants(root, readAllProcesses()).map((stat) => ({
    ...stat,
    role: stat.pid === root ? 'root' : roleOfEnvironment(readFileIfExists(`/proc/${stat.pid}/environ`) ?? ''),
  }));
}

/**
 * Workers and agent of the gateway run the same file. `olla serve` sets the environment variable OLLA_CHILD of each.
 * @param environment the text of /proc/PID/environ, whose entries end with NUL.
 */
export function roleOfEnvironment(environment: string): ProcessRole {
  return environment.split('\0').includes('OLLA_CHILD=agent') ? 'agent' : 'worker';
}

function readAllProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseProcessStat(readFileIfExists(`/proc/${name}/stat`) ?? ''))
    .filter((stat) => stat !== undefined);
}
