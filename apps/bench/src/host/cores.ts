import { readFileIfExists } from './read-file-if-exists.ts';

/** The core of each process. With two cores, the compared program has one, and generator and backend share the other. */
export interface CorePlan {
  readonly target: number;
  readonly generator: number;
  readonly backend: number;
}

/** Parses a kernel CPU list such as `0-2,5`. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first, last] = part.split('-').map(Number);
      const from = first ?? 0;
      return Array.from({ length: (last ?? from) - from + 1 }, (_, index) => from + index);
    });
}

/** @param allowed the cores that this process may use, at least one. */
export function planCores(allowed: readonly number[]): CorePlan {
  const target = allowed[0] ?? 0;
  const generator = allowed[1] ?? target;
  return { target, generator, backend: allowed[2] ?? generator };
}

/** The cores in this process's CPU affinity. Core 0 when the kernel does not list them. */
export function readAllowedCores(): number[] {
  const line = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileIfExists('/proc/self/status') ?? '');
  const cores = parseCpuList(line?.[1] ?? '0');
  return cores.length > 0 ? cores : [0];
}
