import type { BenchResult, Measurement } from '../result.ts';
import { addedByRound, ratiosByRound, spreadOf, type Spread } from '../statistics.ts';
import type { Workload } from '../workloads.ts';

const REFERENCE = 'nginx';
const BASELINE = 'direct';

/** One target in one workload, over all rounds. Ratios are to nginx in the same round. */
export interface SummaryRow {
  readonly target: string;
  readonly cpuUsPerUnit: Spread | undefined;
  readonly cpuRatio: Spread | undefined;
  readonly unitsPerS: Spread | undefined;
  readonly rateRatio: Spread | undefined;
  readonly p50Us: Spread | undefined;
  readonly p99Us: Spread | undefined;
  /** Latency above the direct connection in the same round. */
  readonly addedP50Us: Spread | undefined;
  readonly addedP99Us: Spread | undefined;
  readonly addedP50Ratio: Spread | undefined;
  readonly addedP99Ratio: Spread | undefined;
  readonly memoryKiBPerStream: Spread | undefined;
  readonly errors: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

export interface WorkloadSummary {
  readonly workload: string;
  readonly title: string;
  readonly unit: string;
  readonly rows: readonly SummaryRow[];
}

export interface StartSummary {
  readonly target: string;
  readonly startUpMs: Spread | undefined;
  readonly idleMiB: Spread | undefined;
  readonly afterLoadMiB: Spread | undefined;
  readonly largestWorkerMiB: Spread | undefined;
  readonly agentMiB: Spread | undefined;
}

export interface Summary {
  readonly workloads: readonly WorkloadSummary[];
  readonly starts: readonly StartSummary[];
}

export function summarise(result: BenchResult, workloads: readonly Workload[]): Summary {
  return {
    workloads: workloads
      .map((workload) => summariseWorkload(result, workload))
      .filter((summary) => summary.rows.length > 0),
    starts: result.targets
      .map(({ name }) => summariseStarts(result, name))
      .filter((row) => row.startUpMs !== undefined),
  };
}

function summariseWorkload(result: BenchResult, workload: Workload): WorkloadSummary {
  const rows = result.targets.flatMap(({ name }) => {
    const byRound = measurementsByRound(result, { workload, target: name });
    return byRound.some((measurement) => measurement !== undefined)
      ? [summariseRow(result, workload, name)]
      : [];
  });
  return { workload: workload.id, title: workload.title, unit: workload.unit, rows };
}

function summariseRow(result: BenchResult, workload: Workload, target: string): SummaryRow {
  const own = measurementsByRound(result, { workload, target });
  const nginx = measurementsByRound(result, { workload, target: REFERENCE, sameGroupAs: own });
  const base = measurementsByRound(result, { workload, target: BASELINE });
  const values = (of: (measurement: Measurement) => number | undefined, from = own) =>
    from.map((measurement) => (measurement === undefined ? undefined : of(measurement)));
  const latencyOf = workload.id === 'first-byte' ? firstByteLatencyOf : wholeLatencyOf;
  const added = (of: (measurement: Measurement) => number | undefined, from: Rounds) =>
    workload.comparesAddedLatency && target !== BASELINE
      ? addedByRound(values(of, from), values(of, base))
      : [];
  const p50 = (measurement: Measurement) => latencyOf(measurement)?.p50Us;
  const p99 = (measurement: Measurement) => latencyOf(measurement)?.p99Us;
  const cpu = (measurement: Measurement) => measurement.cpuUsPerUnit;
  const rate = (measurement: Measurement) => measurement.unitsPerS;
  return {
    target,
    cpuUsPerUnit: spreadOf(values(cpu)),
    cpuRatio: ratiosByRound(values(cpu), values(cpu, nginx)),
    unitsPerS: spreadOf(values(rate)),
    rateRatio: ratiosByRound(values(rate), values(rate, nginx)),
    p50Us: spreadOf(values(p50)),
    p99Us: spreadOf(values(p99)),
    addedP50Us: spreadOf(added(p50, own)),
    addedP99Us: spreadOf(added(p99, own)),
    addedP50Ratio: ratiosByRound(added(p50, own), added(p50, nginx)),
    addedP99Ratio: ratiosByRound(added(p99, own), added(p99, nginx)),
    memoryKiBPerStream: spreadOf(values((measurement) => measurement.memoryKiBPerStream)),
    errors: sumErrors(own),
    notes: collectNotes(own),
  };
}

type Rounds = readonly (Measurement | undefined)[];

interface Selection {
  readonly workload: Workload;
  readonly target: string;
  readonly sameGroupAs?: Rounds;
}

/**
 * A target's measurement in each round. With variants, nginx is measured in both groups of a round; `sameGroupAs`
 * selects the measurement in the group of those given.
 */
function measurementsByRound(result: BenchResult, { workload, target, sameGroupAs }: Selection): Rounds {
  return Array.from({ length: result.rounds }, (_, round) => {
    const own = result.measurements.filter(
      (candidate) =>
        candidate.round === round && candidate.workload === workload.id && candidate.target === target,
    );
    const group = sameGroupAs?.[round]?.group;
    return own.find((candidate) => candidate.group === group) ?? own[0];
  });
}

function wholeLatencyOf(measurement: Measurement) {
  return measurement.latency;
}

function firstByteLatencyOf(measurement: Measurement) {
  return measurement.firstByte;
}

function sumErrors(rounds: Rounds): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const measurement of rounds) {
    for (const [problem, count] of Object.entries(measurement?.errors ?? {})) {
      sums[problem] = (sums[problem] ?? 0) + count;
    }
  }
  return sums;
}

/** Each kind of note once, with the figures of the first: they differ from round to round. */
function collectNotes(rounds: Rounds): string[] {
  const kinds = new Map<string, { example: string; rounds: number }>();
  for (const note of rounds.flatMap((measurement) => measurement?.notes ?? [])) {
    const kind = note.replace(/[\d.]+/g, '#');
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { example: note, rounds: 1 });
    else known.rounds += 1;
  }
  return [...kinds.values()].map(({ example, rounds: count }) =>
    count === 1 ? example : `${example}, in ${count} rounds`,
  );
}

function summariseStarts(result: BenchResult, target: string): StartSummary {
  const runs = result.targetRuns.filter((run) => run.target === target);
  const mib = (of: (run: (typeof runs)[number]) => number | undefined): Spread | undefined =>
    spreadOf(runs.map((run) => (of(run) === undefined ? undefined : of(run)! / 1024)));
  return {
    target,
    startUpMs: spreadOf(runs.map((run) => run.startUpMs)),
    idleMiB: mib((run) => run.idleMemory?.dataPathKiB),
    afterLoadMiB: mib((run) => run.memoryAfterLoad?.dataPathKiB),
    largestWorkerMiB: mib((run) => run.memoryAfterLoad?.largestWorkerRssKiB),
    agentMiB: mib((run) => (run.memoryAfterLoad?.agentKiB === 0 ? undefined : run.memoryAfterLoad?.agentKiB)),
  };
}
