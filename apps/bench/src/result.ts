import type { LoadReport, Percentiles } from './generator/load-spec.ts';
import type { TreeMemory } from './host/memory.ts';

/** One workload on one target in one round. */
export interface Measurement {
  readonly round: number;
  /** Which targets ran beside it: `main`, or `variants`, of which nginx is one as well. */
  readonly group: 'main' | 'variants';
  readonly workload: string;
  readonly target: string;
  readonly windowMs: number;
  /** Requests, chunks … as the workload counts. */
  readonly units: number;
  readonly unitsPerS: number;
  /** CPU time of the target's processes without its agent; undefined for the direct connection. */
  readonly cpuUsPerUnit: number | undefined;
  readonly latency: Percentiles | undefined;
  readonly firstByte: Percentiles | undefined;
  readonly lateness: Percentiles | undefined;
  readonly memoryKiBPerStream: number | undefined;
  /** Shares of one core that were used meanwhile. */
  readonly busy: BusyShares;
  readonly errors: LoadReport['errors'];
  /** What makes the figures less than they seem. */
  readonly notes: readonly string[];
}

export interface BusyShares {
  readonly target: number;
  readonly agent: number;
  readonly generator: number;
  readonly backend: number;
  /** Everything else on the target's core. */
  readonly others: number;
}

/** One start of one target. */
export interface TargetRun {
  readonly round: number;
  readonly target: string;
  /** From the start of the process to the first answered request; undefined for the direct connection. */
  readonly startUpMs: number | undefined;
  readonly idleMemory: TreeMemory | undefined;
  readonly memoryAfterLoad: TreeMemory | undefined;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  readonly loadAverageAtStart: number;
}

export interface BenchResult {
  readonly format: 1;
  readonly command: string;
  readonly startedAt: string;
  readonly tookS: number;
  readonly machine: Machine;
  /** Cores by what runs on them. */
  readonly cores: { readonly target: number; readonly generator: number; readonly backend: number };
  readonly rounds: number;
  readonly windowMs: number;
  readonly targets: readonly { readonly name: string; readonly description: string }[];
  readonly measurements: readonly Measurement[];
  readonly targetRuns: readonly TargetRun[];
  /** Targets that could not be measured, in words. */
  readonly failures: readonly string[];
}
