import type { LoadReport, LoadSpec } from './generator/load-spec.ts';
import { readCoreBusyUs } from './host/core-load.ts';
import type { CorePlan } from './host/cores.ts';
import { readProcessCpuUs, readTreeCpu, type TreeCpu } from './host/cpu-time.ts';
import { readTreeMemory } from './host/memory.ts';
import type { BackendProcess } from './processes/backend-process.ts';
import type { GeneratorProcess } from './processes/generator-process.ts';
import type { BusyShares, Measurement } from './result.ts';
import type { RunningTarget } from './targets/target.ts';
import { unitsOf, type LoadScale, type Workload } from './workloads.ts';

const BUSY_LIMIT = 0.9;
const DISTURBED_LIMIT = 0.05;
const LATE_LIMIT_US = 1000;
const LEFT_OPEN_DEADLINE_MS = 5000;

/** The processes and cores that every measurement of a run uses. */
export interface Rig {
  readonly generator: GeneratorProcess;
  readonly backend: BackendProcess;
  readonly cores: CorePlan;
}

interface Sample {
  readonly atMs: number;
  readonly target: TreeCpu;
  readonly generatorUs: number;
  readonly backendUs: number;
  readonly coreUs: number;
}

export function loadSpecOf(workload: Workload, target: RunningTarget, scale: LoadScale): LoadSpec {
  return { ...workload.load(scale), port: target.port, path: target.path };
}

/** Runs one workload on one running target. Rejects only when the bench's own processes fail. */
export async function measure(
  rig: Rig,
  workload: Workload,
  target: RunningTarget,
  scale: LoadScale,
): Promise<Omit<Measurement, 'round' | 'group' | 'target'>> {
  const spec = loadSpecOf(workload, target, scale);
  const memoryBeforeKiB = workload.measuresMemory ? memoryKiBOf(target) : undefined;
  let memoryDuringKiB: number | undefined;
  let first: Sample | undefined;
  let last: Sample | undefined;
  const report = await rig.generator.run(spec, {
    onStart: () => (first = takeSample(rig, target)),
    onEnd: () => {
      last = takeSample(rig, target);
      if (workload.measuresMemory) memoryDuringKiB = memoryKiBOf(target);
    },
  });
  const leftOpen = await rig.backend.streamsLeftOpen(LEFT_OPEN_DEADLINE_MS);
  const units = unitsOf(workload, report);
  const busy = busyShares(first!, last!);
  const dataPathUs = last!.target.dataPathUs - first!.target.dataPathUs;
  const hasProcess = target.child !== undefined;
  return {
    workload: workload.id,
    windowMs: report.windowMs,
    units,
    unitsPerS: (units * 1000) / report.windowMs,
    cpuUsPerUnit: hasProcess && units > 0 && !workload.measuresMemory ? dataPathUs / units : undefined,
    latency: workload.unit === 'chunk' || workload.measuresMemory ? undefined : report.latency,
    firstByte: report.firstByte,
    lateness: report.lateness,
    memoryKiBPerStream:
      memoryBeforeKiB === undefined || memoryDuringKiB === undefined
        ? undefined
        : (memoryDuringKiB - memoryBeforeKiB) / spec.connections,
    busy,
    errors: leftOpen === 0 ? report.errors : { ...report.errors, [LEFT_OPEN]: leftOpen },
    notes: notesOf(hasProcess, rig.cores, busy, report),
  };
}

const LEFT_OPEN = 'streams still open at the backend 5 s after their clients left';

function takeSample({ generator, backend, cores }: Rig, target: RunningTarget): Sample {
  return {
    atMs: performance.now(),
    target: target.child === undefined ? { dataPathUs: 0, agentUs: 0 } : readTreeCpu(target.child.pid),
    generatorUs: readProcessCpuUs(generator.child.pid),
    backendUs: readProcessCpuUs(backend.child.pid),
    coreUs: readCoreBusyUs(cores.target) ?? 0,
  };
}

function busyShares(first: Sample, last: Sample): BusyShares {
  const windowUs = (last.atMs - first.atMs) * 1000;
  const target = (last.target.dataPathUs - first.target.dataPathUs) / windowUs;
  const agent = (last.target.agentUs - first.target.agentUs) / windowUs;
  return {
    target,
    agent,
    generator: (last.generatorUs - first.generatorUs) / windowUs,
    backend: (last.backendUs - first.backendUs) / windowUs,
    others: Math.max(0, (last.coreUs - first.coreUs) / windowUs - target - agent),
  };
}

function notesOf(hasProcess: boolean, cores: CorePlan, busy: BusyShares, report: LoadReport): string[] {
  const notes: string[] = [];
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  if (cores.generator === cores.backend) {
    const both = busy.generator + busy.backend;
    if (both > BUSY_LIMIT)
      notes.push(
        `generator and backend were the limit (their core ${percent(both)} busy): the rate is a lower bound`,
      );
  } else {
    if (busy.generator > BUSY_LIMIT)
      notes.push(`the generator was the limit (${percent(busy.generator)} of its core)`);
    if (busy.backend > BUSY_LIMIT)
      notes.push(`the backend was the limit (${percent(busy.backend)} of its core)`);
  }
  if (hasProcess && busy.others > DISTURBED_LIMIT && cores.target !== cores.generator)
    notes.push(`other processes used ${percent(busy.others)} of the target's core`);
  if (report.lateness !== undefined && report.lateness.p99Us > LATE_LIMIT_US)
    notes.push(
      `the generator sent late (p99 ${(report.lateness.p99Us / 1000).toFixed(1)} ms): latencies include that`,
    );
  return notes;
}

function memoryKiBOf(target: RunningTarget): number | undefined {
  return target.child === undefined ? undefined : readTreeMemory(target.child.pid).dataPathKiB;
}
