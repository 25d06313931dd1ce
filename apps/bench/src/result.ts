import type { LoadReport, Percentiles } from './generator/load-spec.ts';
import type { TreeMemory } from './host/memory.ts';

/** The measurement of one workload on one target in one round. */
export interface Measurement {
  readonly round: number;
  /** The group of targets that ran together. nginx runs in both groups. */
  readonly group: 'main' | 'variants';
  readonly workload: string;
  readonly target: string;
  readonly windowMs: number;
  /** Number of the workload's units, such as requests or chunks. */
  readonly units: number;
  readonly unitsPerS: number;
  /** CPU time of the target's processes but the agent. Undefined for the direct connection. */
  readonly cpuUsPerUnit: number | undefined;
  readonly latency: Percentiles | undefined;
  readonly firstByte: Percentiles | undefined;
  readonly lateness: Percentiles | undefined;
  readonly memoryKiBPerStream: number | undefined;
  /** Shares of one core that were used during the window. */
  readonly busy: BusyShares;
  readonly errors: LoadReport['errors'];
  /** Circumstances that distort the figures. */
  readonly notes: readonly string[];
}

export interface BusyShares {
  readonly target: number;
  readonly agent: number;
  readonly generator: number;
  readonly backend: number;
  /** All other processes on the target's core. */
  readonly others: number;
}

/** One start of one target. */
export interface TargetRun {
  readonly round: number;
  readonly target: string;
  /** From the start of the process to its first response. Undefined for the direct connection. */
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
  /** The core of each process. */
  readonly cores: { readonly target: number; readonly generator: number; readonly backend: number };
  readonly rounds: number;
  readonly windowMs: number;
  readonly targets: readonly { readonly name: string; readonly description: string }[];
  readonly measurements: readonly Measurement[];
  readonly targetRuns: readonly TargetRun[];
  /** One message for each target that could not be measured. */
  readonly failures: readonly string[];
}
