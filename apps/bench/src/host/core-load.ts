import { readFileIfExists } from './read-file-if-exists.ts';

const US_PER_TICK = 10_000;

/** Microseconds since boot in which a core was busy, from /proc/stat. Undefined for a core that is not listed. */
export function parseCoreBusyUs(statText: string, core: number): number | undefined {
  const line = statText.split('\n').find((candidate) => candidate.startsWith(`cpu${core} `));
  if (line === undefined) return undefined;
  const [user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number);
  return (
    ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0) + (steal ?? 0)) * US_PER_TICK
  );
}

export function readCoreBusyUs(core: number): number | undefined {
  return parseCoreBusyUs(readFileIfExists('/proc/stat') ?? '', core);
}
