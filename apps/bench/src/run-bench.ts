import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killAllChildren } from './host/children.ts';
import { planCores, readAllowedCores } from './host/cores.ts';
import { describeMachine } from './host/machine.ts';
import type { Rig } from './measure.ts';
import { readBenchOptions, type BenchFlags, type BenchOptions } from './options.ts';
import { BackendProcess } from './processes/backend-process.ts';
import { GeneratorProcess } from './processes/generator-process.ts';
import { startPrivateRedis } from './processes/private-redis.ts';
import { progressLine } from './report/progress.ts';
import { renderReport, formatRounds } from './report/report.ts';
import { summarise } from './report/summary.ts';
import type { BenchResult, Measurement, TargetRun } from './result.ts';
import { runRound, type Group } from './run-round.ts';
import { chooseTargets, type ChosenTargets } from './targets/choose-targets.ts';
import { BENCH_MODELS } from './workloads.ts';

/** Receives the report and the progress of a run. */
export interface BenchOutput {
  /** Called once with the report. */
  readonly print: (text: string) => void;
  /** Called with each line of progress. */
  readonly onProgress: (line: string) => void;
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Runs `olla bench`: measures all targets, prints the report and resolves with the exit status, which is 1 when a
 * target could not be measured or sent a wrong response. Rejects with BadBenchOption for a flag that is not valid.
 * All processes that it started have ended when the promise settles.
 */
export async function runBench(flags: BenchFlags, output: BenchOutput): Promise<0 | 1> {
  const options = readBenchOptions(flags);
  if (!import.meta.filename.endsWith('.ts'))
    throw new Error(
      'the bench starts processes from its source, which the bundle does not hold. Run ./olla bench in a clone',
    );
  if (process.platform !== 'linux') throw new Error('olla bench needs /proc and taskset. Run it on Linux');
  const folder = mkdtempSync(join(tmpdir(), 'olla-bench-'));
  const cleanUp = (): void => {
    killAllChildren();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    cleanUp();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('exit', cleanUp).once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const result = await measureAll(options, folder, output.onProgress);
    const summary = summarise(result, options.workloads);
    output.print(
      options.format === 'json'
        ? `${JSON.stringify({ ...result, summary }, null, 2)}\n`
        : renderReport(result, summary),
    );
    const hadErrors = result.measurements.some(({ errors }) => Object.keys(errors).length > 0);
    return result.failures.length > 0 || hadErrors ? 1 : 0;
  } finally {
    cleanUp();
    process.off('exit', cleanUp).off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function measureAll(
  options: BenchOptions,
  folder: string,
  onProgress: (line: string) => void,
): Promise<BenchResult> {
  const startMs = performance.now();
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  const cores = planCores(readAllowedCores());
  if (cores.target === cores.generator)
    onProgress('there is only one core: all processes share it, which distorts the ratios');
  pinThisProcess(cores.generator);
  const redisUrl = await resolveRedisUrl(options, cores.generator, folder);
  const targets = await chooseTargets(options, { root: ROOT, redisUrl, onProgress });
  const rig: Rig = {
    cores,
    backend: await BackendProcess.start(cores.backend, join(folder, 'backend.log'), BENCH_MODELS),
    generator: await GeneratorProcess.start(cores.generator, join(folder, 'generator.log')),
  };
  const rounds = await runRounds({ options, targets, rig, folder, onProgress });
  return {
    format: 1,
    command: ['olla', ...process.argv.slice(2)].join(' '),
    startedAt,
    tookS: Math.round((performance.now() - startMs) / 1000),
    machine,
    cores,
    rounds: options.rounds,
    windowMs: options.scale.windowMs,
    targets: [...targets.main, ...targets.variants].map(({ name, description }) => ({ name, description })),
    ...rounds,
  };
}

interface Rounds {
  readonly options: BenchOptions;
  readonly targets: ChosenTargets;
  readonly rig: Rig;
  readonly folder: string;
  readonly onProgress: (line: string) => void;
}

type Measured = Pick<BenchResult, 'measurements' | 'targetRuns' | 'failures'>;

async function runRounds({ options, targets, rig, folder, onProgress }: Rounds): Promise<Measured> {
  const measurements: Measurement[] = [];
  const targetRuns: TargetRun[] = [];
  const failures: string[] = [];
  const groups = planGroups(options, targets);
  onProgress(`${formatRounds(options.rounds)}, about ${estimateS(options, groups)} s in total`);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const group of groups) {
      await runRound(
        {
          rig,
          scale: options.scale,
          folder,
          round,
          group: group.name,
          onMeasured: (measurement) => {
            measurements.push(measurement);
            onProgress(progressLine(measurement, options.rounds));
          },
          onTargetRun: (run) => targetRuns.push(run),
          onFailure: (message) => {
            failures.push(message);
            onProgress(message);
          },
        },
        group,
      );
    }
  }
  return { measurements, targetRuns, failures };
}

/** The variants form a group of their own, in which nginx runs again so that ratios are to the same minute. */
function planGroups(options: BenchOptions, targets: ChosenTargets): Group[] {
  const forVariants = options.workloads.filter((workload) => workload.forVariants);
  const main: Group = { name: 'main', targets: targets.main, workloads: options.workloads };
  if (targets.variants.length === 0 || forVariants.length === 0) return [main];
  return [main, { name: 'variants', targets: [targets.nginx, ...targets.variants], workloads: forVariants }];
}

function estimateS({ rounds, scale }: BenchOptions, groups: readonly Group[]): number {
  const eachMs = scale.warmUpMs + scale.windowMs + 100;
  const startMs = scale.windowMs + 1000;
  const perRound = groups.map(
    ({ targets, workloads }) => targets.length * (workloads.length * eachMs + startMs),
  );
  return Math.ceil((rounds * perRound.reduce((sum, ms) => sum + ms, 0)) / 1000);
}

async function resolveRedisUrl(
  options: BenchOptions,
  core: number,
  folder: string,
): Promise<string | undefined> {
  if (options.redis === 'off') return undefined;
  return options.redis === 'private' ? startPrivateRedis(core, folder) : options.redis.url;
}

/** Pins the controller, which reads /proc at the start and end of each window, away from the target's core. */
function pinThisProcess(core: number): void {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)], { stdio: 'ignore' });
}
