import type { LoadSpec, Percentiles } from './generator/load-spec.ts';
import { readCoreBusyUs } from './host/core-load.ts';
import type { CorePlan } from './host/cores.ts';
import { readProcessCpuUs, readTreeCpu, type TreeCpu } from './host/cpu-time.ts';
import { readTreeMemory } from './host/memory.ts';
import type { BackendProcess } from './processes/backend-process.ts';
import type { GeneratorProcess } from './processes/generator-process.ts';
import type { BusyShares, Measurement } from './result.ts';
import type { RunningTarget } from './targets/target.ts';
import { countUnits, type LoadScale, type Workload } from './workloads.ts';

/** A share of a core above which generator or backend may limit the rate. */
const BUSY_LIMIT = 0.9;
/** A share of the target's core above which other processes distort its figures. */
const OTHERS_LIMIT = 0.05;
const MAX_LATENESS_US = 1000;
const STREAMS_CLOSE_DEADLINE_MS = 5000;
const STREAMS_LEFT_OPEN = 'streams still open at the backend 5 s after their clients left';

/** The processes and cores that all measurements of a run use. */
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

/** What to run on a target, and at what size. */
export interface ScaledWorkload {
  readonly workload: Workload;
  readonly scale: LoadScale;
}

export function createLoadSpec(target: RunningTarget, { workload, scale }: ScaledWorkload): LoadSpec {
  return { ...workload.load(scale), port: target.port, path: target.path };
}

/** Runs one workload on one running target. Rejects only when a process of the bench itself fails. */
export async function measure(
  rig: Rig,
  target: RunningTarget,
  { workload, scale }: ScaledWorkload,
): Promise<Omit<Measurement, 'round' | 'group' | 'target'>> {
  const spec = createLoadSpec(target, { workload, scale });
  const memoryBeforeKiB = workload.measuresMemory ? readDataPathKiB(target) : undefined;
  let memoryDuringKiB: number | undefined;
  let first: Sample | undefined;
  let last: Sample | undefined;
  const report = await rig.generator.run(spec, {
    onStart: () => (first = takeSample(rig, target)),
    onEnd: () => {
      last = takeSample(rig, target);
      if (workload.measuresMemory) memoryDuringKiB = readDataPathKiB(target);
    },
  });
  const openStreams = await rig.backend.waitForStreamsToClose(STREAMS_CLOSE_DEADLINE_MS);
  const units = countUnits(workload, report);
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
    errors: openStreams === 0 ? report.errors : { ...report.errors, [STREAMS_LEFT_OPEN]: openStreams },
    notes: describeDistortions({ hasProcess, cores: rig.cores, busy, lateness: report.lateness }),
  };
}

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

interface Circumstances {
  readonly hasProcess: boolean;
  readonly cores: CorePlan;
  readonly busy: BusyShares;
  readonly lateness: Percentiles | undefined;
}

function describeDistortions({ hasProcess, cores, busy, lateness }: Circumstances): string[] {
  const notes: string[] = [];
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  if (cores.generator === cores.backend) {
    const both = busy.generator + busy.backend;
    if (both > BUSY_LIMIT)
      notes.push(
        `generator and backend were the limit (their core was ${percent(both)} busy): the rate is a lower bound`,
      );
  } else {
    if (busy.generator > BUSY_LIMIT)
      notes.push(`the generator was the limit (${percent(busy.generator)} of its core)`);
    if (busy.backend > BUSY_LIMIT)
      notes.push(`the backend was the limit (${percent(busy.backend)} of its core)`);
  }
  if (hasProcess && busy.others > OTHERS_LIMIT && cores.target !== cores.generator)
    notes.push(`other processes used ${percent(busy.others)} of the target's core`);
  if (lateness !== undefined && lateness.p99Us > MAX_LATENESS_US)
    notes.push(
      `the generator sent late (p99 ${(lateness.p99Us / 1000).toFixed(1)} ms): the latencies include that`,
    );
  return notes;
}

function readDataPathKiB(target: RunningTarget): number | undefined {
  return target.child === undefined ? undefined : readTreeMemory(target.child.pid).dataPathKiB;
}
