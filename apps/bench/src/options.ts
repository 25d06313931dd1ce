import { resolve } from 'node:path';
import { WORKLOADS, type LoadScale, type Workload } from './workloads.ts';
import type { OtherProgram } from './targets/other-program.ts';

/** The flags of `olla bench`, as the command line gives them. */
export interface BenchFlags {
  readonly quick?: boolean;
  readonly rounds?: string;
  readonly duration?: string;
  readonly rate?: string;
  readonly only?: string;
  readonly targets?: string;
  readonly redis?: boolean | string;
  readonly compare?: readonly string[];
  readonly compareConfig?: readonly string[];
  readonly comparePath?: readonly string[];
  readonly source?: boolean;
  readonly profile?: string;
  readonly json?: boolean;
  readonly output?: string;
}

export interface BenchOptions {
  readonly quick: boolean;
  readonly rounds: number;
  readonly scale: LoadScale;
  /** Undefined: all. */
  readonly targets: readonly string[] | undefined;
  readonly workloads: readonly Workload[];
  /** `private`: one that the bench starts. */
  readonly redis: 'off' | 'private' | { readonly url: string };
  readonly others: readonly OtherProgram[];
  readonly fromSource: boolean;
  /** Folder for CPU profiles of the gateway's processes. */
  readonly profileFolder: string | undefined;
  readonly format: 'text' | 'json';
}

export class BadBenchOption extends Error {
  readonly code = 'BAD_BENCH_OPTION';
}

const DEFAULT_PATH = '/v1/chat/completions';
const MOST_ROUNDS = 50;
const LONGEST_WINDOW_S = 60;
const HIGHEST_RATE = 20_000;

/** Checks the flags and fills in the defaults. Throws BadBenchOption with a message for people. */
export function readBenchOptions(flags: BenchFlags): BenchOptions {
  const quick = flags.quick === true;
  const windowMs = numberOf('--duration', flags.duration, quick ? 0.15 : 3, 0.05, LONGEST_WINDOW_S) * 1000;
  const ratePerS = numberOf('--rate', flags.rate, 1000, 1, HIGHEST_RATE);
  return {
    quick,
    rounds: Math.round(numberOf('--rounds', flags.rounds, quick ? 1 : 5, 1, MOST_ROUNDS)),
    scale: { windowMs, warmUpMs: Math.min(windowMs / 2, 1000), ratePerS, fewerStreams: quick ? 10 : 1 },
    targets: flags.targets === undefined ? undefined : listOf(flags.targets),
    workloads: flags.only === undefined ? WORKLOADS : workloadsNamed(listOf(flags.only)),
    redis: redisOf(flags.redis),
    others: otherPrograms(flags),
    fromSource: flags.source === true,
    profileFolder: flags.profile === undefined ? undefined : resolve(flags.profile),
    format: formatOf(flags),
  };
}

function workloadsNamed(ids: readonly string[]): Workload[] {
  return ids.map((id) => {
    const workload = WORKLOADS.find((candidate) => candidate.id === id);
    if (workload !== undefined) return workload;
    const known = WORKLOADS.map((candidate) => candidate.id).join(', ');
    throw new BadBenchOption(`--only: there is no workload "${id}"; there are ${known}`);
  });
}

function redisOf(flag: boolean | string | undefined): BenchOptions['redis'] {
  if (flag === undefined || flag === false) return 'off';
  if (flag === true) return 'private';
  if (!/^rediss?:\/\//.test(flag)) throw new BadBenchOption(`--redis: "${flag}" is not a redis:// URL`);
  return { url: flag };
}

/** The n-th --compare-config and --compare-path belong to the n-th --compare. */
function otherPrograms(flags: BenchFlags): OtherProgram[] {
  const configs = flags.compareConfig ?? [];
  const compared = flags.compare ?? [];
  if (configs.length > compared.length)
    throw new BadBenchOption('--compare-config needs a --compare before it');
  return compared.map((text, index) => {
    const equals = text.indexOf('=');
    const name = text.slice(0, Math.max(0, equals));
    const command = text.slice(equals + 1).trim();
    if (!/^[\w.-]+$/.test(name) || command === '')
      throw new BadBenchOption(`--compare: "${text}" is not NAME='command'`);
    const path = flags.comparePath?.[index] ?? DEFAULT_PATH;
    return { name, command, configTemplate: configs[index], path };
  });
}

function formatOf(flags: BenchFlags): 'text' | 'json' {
  if (flags.json === true || flags.output === 'json') return 'json';
  if (flags.output === undefined || flags.output === 'text') return 'text';
  throw new BadBenchOption(`--output: "${flags.output}" is neither text nor json`);
}

function numberOf(flag: string, text: string | undefined, preset: number, min: number, max: number): number {
  if (text === undefined) return preset;
  const value = Number(text.replace(/s$/, ''));
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  throw new BadBenchOption(`${flag}: "${text}" is not a number from ${min} to ${max}`);
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
