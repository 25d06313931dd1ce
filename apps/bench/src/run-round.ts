import { readTreeMemory } from './host/memory.ts';
import { createLoadSpec, measure, type Rig } from './measure.ts';
import { waitUntilServing } from './processes/wait-until-serving.ts';
import type { Measurement, TargetRun } from './result.ts';
import type { RunningTarget, Target, TargetContext } from './targets/target.ts';
import { WORKLOADS, type LoadScale, type Workload } from './workloads.ts';

const SERVING_DEADLINE_MS = 30_000;
const MAX_WARM_UP_MS = 2_000;
const START_UP_WORKLOAD = WORKLOADS[0]!;

/** Targets that run at the same time, and the workloads that are measured on them in turn. */
export interface Group {
  readonly name: Measurement['group'];
  readonly targets: readonly Target[];
  readonly workloads: readonly Workload[];
}

/** The parameters and the callbacks of a round. */
export interface RoundContext {
  readonly rig: Rig;
  readonly scale: LoadScale;
  readonly folder: string;
  /** Counted from 0. */
  readonly round: number;
  readonly group: Measurement['group'];
  readonly onMeasured: (measurement: Measurement) => void;
  readonly onTargetRun: (run: TargetRun) => void;
  readonly onFailure: (message: string) => void;
}

interface StartedTarget {
  readonly target: Target;
  readonly running: RunningTarget;
  readonly startUpMs: number;
  readonly idleMemory: TargetRun['idleMemory'];
}

/**
 * Runs one round of a group: starts its targets, runs each workload on one target after the other, and stops them.
 * A target that fails is reported and left out.
 */
export async function runRound(context: RoundContext, group: Group): Promise<void> {
  const onSharedStart = group.workloads.filter((workload) => workload.start === 'shared');
  const onOwnStart = group.workloads.filter((workload) => workload.start !== 'shared');
  if (onSharedStart.length > 0) await measureOnSharedStart(context, group.targets, onSharedStart);
  for (const workload of onOwnStart) {
    for (const target of alternate(group.targets, context.round)) {
      if (canMeasureOnOwnStart(target, workload)) await measureOnOwnStart(context, target, workload);
    }
  }
}

async function measureOnSharedStart(
  context: RoundContext,
  targets: readonly Target[],
  workloads: readonly Workload[],
): Promise<void> {
  const started: StartedTarget[] = [];
  try {
    for (const target of targets) {
      const running = await tryStart(context, target, false);
      if (running !== undefined) started.push(running);
    }
    for (const workload of workloads) {
      for (const target of alternate(started, context.round)) await measureOne(context, target, workload);
    }
    for (const each of started) context.onTargetRun(describeRun(context, each));
  } finally {
    for (const { running } of started) await running.child?.stop();
  }
}

function canMeasureOnOwnStart(target: Target, workload: Workload): boolean {
  return workload.start === 'rejecting' ? target.canReject : target.hasProcess;
}

async function measureOnOwnStart(context: RoundContext, target: Target, workload: Workload): Promise<void> {
  const started = await tryStart(context, target, workload.start === 'rejecting');
  if (started === undefined) return;
  try {
    await measureOne(context, started, workload);
  } finally {
    await started.running.child?.stop();
  }
}

async function measureOne(
  context: RoundContext,
  { target, running }: Pick<StartedTarget, 'target' | 'running'>,
  workload: Workload,
): Promise<void> {
  const reportExit = (when: string): void =>
    context.onFailure(
      `${target.name} exited ${when} ${workload.id}; it printed:\n${running.child?.output() ?? ''}`,
    );
  if (running.child?.exited() === true) return reportExit('before');
  const measured = await measure(context.rig, running, { workload, scale: context.scale });
  // The CPU time of a program that has exited cannot be read, so its figures would be wrong.
  if (running.child?.exited() === true) return reportExit('during');
  context.onMeasured({ round: context.round, group: context.group, target: target.name, ...measured });
}

/** Starts a target. Reports a failure and resolves with undefined when it does not serve. */
async function tryStart(
  context: RoundContext,
  target: Target,
  rejecting: boolean,
): Promise<StartedTarget | undefined> {
  const { rig, folder, scale } = context;
  const startMs = performance.now();
  const targetContext: TargetContext = {
    backendPort: rig.backend.port,
    core: rig.cores.target,
    folder,
    rejecting,
  };
  let running: RunningTarget | undefined;
  try {
    running = await target.start(targetContext);
    const spec = createLoadSpec(running, { workload: START_UP_WORKLOAD, scale });
    const alsoServing = rejecting ? [429] : [];
    const check = { name: target.name, running, spec };
    await waitUntilServing(check, { deadlineMs: SERVING_DEADLINE_MS, alsoServing });
    const startUpMs = performance.now() - startMs;
    const idleMemory = running.child === undefined ? undefined : readTreeMemory(running.child.pid);
    if (!rejecting) await warmUp(context, running);
    return { target, running, startUpMs, idleMemory };
  } catch (error) {
    await running?.child?.stop();
    context.onFailure(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Puts load on a target before the first measurement, because a JIT compiler needs it to reach its speed. */
async function warmUp({ rig, scale }: RoundContext, running: RunningTarget): Promise<void> {
  const windowMs = Math.min(scale.windowMs, MAX_WARM_UP_MS);
  const spec = { ...createLoadSpec(running, { workload: START_UP_WORKLOAD, scale }), warmUpMs: 0, windowMs };
  await rig.generator.run(spec, { onStart: () => undefined, onEnd: () => undefined });
}

function describeRun(
  context: RoundContext,
  { target, running, startUpMs, idleMemory }: StartedTarget,
): TargetRun {
  const hasProcess = running.child !== undefined && !running.child.exited();
  return {
    round: context.round,
    target: target.name,
    startUpMs: running.child === undefined ? undefined : startUpMs,
    idleMemory,
    memoryAfterLoad: hasProcess ? readTreeMemory(running.child.pid) : undefined,
  };
}

/** Reverses the order in every second round, so that a machine that gets slower favours no target. */
function alternate<T>(items: readonly T[], round: number): T[] {
  return round % 2 === 0 ? [...items] : items.toReversed();
}
