import { loadSpecOf, measure, type Rig } from './measure.ts';
import { readTreeMemory } from './host/memory.ts';
import { waitUntilServing } from './processes/wait-until-serving.ts';
import type { Measurement, TargetRun } from './result.ts';
import type { RunningTarget, Target, TargetContext } from './targets/target.ts';
import { WORKLOADS, type LoadScale, type Workload } from './workloads.ts';

const SERVING_DEADLINE_MS = 30_000;
const LONGEST_WARM_UP_MS = 2_000;
const ASKED_AT_START = WORKLOADS[0]!;

/** Targets that run beside each other, and what is measured on each of them in turn. */
export interface Group {
  readonly name: Measurement['group'];
  readonly targets: readonly Target[];
  readonly workloads: readonly Workload[];
}

/** What a round needs and whom it tells. */
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

interface Running {
  readonly target: Target;
  readonly running: RunningTarget;
  readonly startUpMs: number;
  readonly idleMemory: TargetRun['idleMemory'];
}

/**
 * One round of a group: starts its targets, runs each workload on one after the other, every second round backwards,
 * and stops them. A target that fails is reported and left out; the others go on.
 */
export async function runRound(context: RoundContext, group: Group): Promise<void> {
  const together = group.workloads.filter((workload) => workload.start === 'shared');
  const apart = group.workloads.filter((workload) => workload.start !== 'shared');
  if (together.length > 0) await measureTogether(context, group.targets, together);
  for (const workload of apart) {
    for (const target of inTurn(group.targets, context.round)) {
      if (canMeasureApart(target, workload)) await measureApart(context, target, workload);
    }
  }
}

async function measureTogether(
  context: RoundContext,
  targets: readonly Target[],
  workloads: readonly Workload[],
): Promise<void> {
  const started: Running[] = [];
  try {
    for (const target of targets) {
      const running = await tryStart(context, target, false);
      if (running !== undefined) started.push(running);
    }
    for (const workload of workloads) {
      for (const { target, running } of inTurn(started, context.round)) {
        await measureOne(context, target, running, workload);
      }
    }
    for (const each of started) context.onTargetRun(describeRun(context, each));
  } finally {
    for (const { running } of started) await running.child?.stop();
  }
}

function canMeasureApart(target: Target, workload: Workload): boolean {
  return workload.start === 'rejecting' ? target.canReject : target.hasProcess;
}

async function measureApart(context: RoundContext, target: Target, workload: Workload): Promise<void> {
  const started = await tryStart(context, target, workload.start === 'rejecting');
  if (started === undefined) return;
  try {
    await measureOne(context, target, started.running, workload);
  } finally {
    await started.running.child?.stop();
  }
}

async function measureOne(
  context: RoundContext,
  target: Target,
  running: RunningTarget,
  workload: Workload,
): Promise<void> {
  const tellEnd = (when: string): void =>
    context.onFailure(
      `${target.name} ended ${when} ${workload.id}; it printed:\n${running.child?.output() ?? ''}`,
    );
  if (running.child?.exited() === true) return tellEnd('before');
  const measured = await measure(context.rig, workload, running, context.scale);
  // What a dead program used is not known any more, so its figures would be wrong.
  if (running.child?.exited() === true) return tellEnd('during');
  context.onMeasured({ round: context.round, group: context.group, target: target.name, ...measured });
}

/** Undefined, and a failure told, when the target does not come up. */
async function tryStart(
  context: RoundContext,
  target: Target,
  rejecting: boolean,
): Promise<Running | undefined> {
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
    const spec = loadSpecOf(ASKED_AT_START, running, scale);
    const alsoServing = rejecting ? [429] : [];
    await waitUntilServing(target.name, running, spec, { deadlineMs: SERVING_DEADLINE_MS, alsoServing });
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

/** Just-in-time compilers need some load before any figure of theirs means something. */
async function warmUp({ rig, scale }: RoundContext, running: RunningTarget): Promise<void> {
  const windowMs = Math.min(scale.windowMs, LONGEST_WARM_UP_MS);
  const spec = { ...loadSpecOf(ASKED_AT_START, running, scale), warmUpMs: 0, windowMs };
  await rig.generator.run(spec, { onStart: () => undefined, onEnd: () => undefined });
}

function describeRun(context: RoundContext, { target, running, startUpMs, idleMemory }: Running): TargetRun {
  const hasProcess = running.child !== undefined && !running.child.exited();
  return {
    round: context.round,
    target: target.name,
    startUpMs: running.child === undefined ? undefined : startUpMs,
    idleMemory,
    memoryAfterLoad: hasProcess ? readTreeMemory(running.child.pid) : undefined,
  };
}

/** Every second round the other way round, so that a machine that gets slower or faster favours nobody. */
function inTurn<T>(items: readonly T[], round: number): T[] {
  return round % 2 === 0 ? [...items] : items.toReversed();
}
