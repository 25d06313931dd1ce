import { resolve } from 'node:path';
import type { OtherProgram } from './targets/other-program.ts';
import { WORKLOADS, type LoadScale, type Workload } from './workloads.ts';

/** The flags of `olla bench`, unparsed. */
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
  /** Names of targets; undefined for all. */
  readonly targets: readonly string[] | undefined;
  readonly workloads: readonly Workload[];
  /** `private`: a Redis that the bench starts. */
  readonly redis: 'off' | 'private' | { readonly url: string };
  readonly others: readonly OtherProgram[];
  readonly fromSource: boolean;
  /** Folder for CPU profiles of the gateway's processes; undefined for none. */
  readonly profileFolder: string | undefined;
  readonly format: 'text' | 'json';
}

/** A flag with a value that is not valid. */
export class BadBenchOption extends Error {
  readonly code = 'BAD_BENCH_OPTION';
}

const DEFAULT_PATH = '/v1/chat/completions';
const MAX_ROUNDS = 50;
const MAX_WINDOW_S = 60;
const MAX_RATE_PER_S = 20_000;

/** Checks the flags and fills in the defaults. Throws BadBenchOption. */
export function readBenchOptions(flags: BenchFlags): BenchOptions {
  const quick = flags.quick === true;
  const duration = { preset: quick ? 0.15 : 3, min: 0.05, max: MAX_WINDOW_S };
  const windowMs = readNumber('--duration', flags.duration, duration) * 1000;
  const ratePerS = readNumber('--rate', flags.rate, { preset: 1000, min: 1, max: MAX_RATE_PER_S });
  const rounds = readNumber('--rounds', flags.rounds, { preset: quick ? 1 : 5, min: 1, max: MAX_ROUNDS });
  return {
    quick,
    rounds: Math.round(rounds),
    scale: { windowMs, warmUpMs: Math.min(windowMs / 2, 1000), ratePerS, streamDivisor: quick ? 10 : 1 },
    targets: flags.targets === undefined ? undefined : splitList(flags.targets),
    workloads: flags.only === undefined ? WORKLOADS : findWorkloads(splitList(flags.only)),
    redis: readRedis(flags.redis),
    others: readOtherPrograms(flags),
    fromSource: flags.source === true,
    profileFolder: flags.profile === undefined ? undefined : resolve(flags.profile),
    format: readFormat(flags),
  };
}

function findWorkloads(ids: readonly string[]): Workload[] {
  return ids.map((id) => {
    const workload = WORKLOADS.find((candidate) => candidate.id === id);
    if (workload !== undefined) return workload;
    const known = WORKLOADS.map((candidate) => candidate.id).join(', ');
    throw new BadBenchOption(`--only: unknown workload "${id}". The workloads are ${known}`);
  });
}

function readRedis(flag: boolean | string | undefined): BenchOptions['redis'] {
  if (flag === undefined || flag === false) return 'off';
  if (flag === true) return 'private';
  if (!/^rediss?:\/\//.test(flag))
    throw new BadBenchOption(`--redis: "${flag}" is not a redis:// or rediss:// URL`);
  return { url: flag };
}

/** The n-th --compare-config and --compare-path belong to the n-th --compare. */
function readOtherPrograms(flags: BenchFlags): OtherProgram[] {
  const configs = flags.compareConfig ?? [];
  const compared = flags.compare ?? [];
  if (configs.length > compared.length)
    throw new BadBenchOption('--compare-config: there is no --compare that it belongs to');
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

function readFormat(flags: BenchFlags): 'text' | 'json' {
  if (flags.json === true || flags.output === 'json') return 'json';
  if (flags.output === undefined || flags.output === 'text') return 'text';
  throw new BadBenchOption(`--output: "${flags.output}" is neither text nor json`);
}

interface NumberRange {
  readonly preset: number;
  readonly min: number;
  readonly max: number;
}

function readNumber(flag: string, text: string | undefined, { preset, min, max }: NumberRange): number {
  if (text === undefined) return preset;
  const value = Number(text.replace(/s$/, ''));
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  throw new BadBenchOption(`${flag}: "${text}" is not a number from ${min} to ${max}`);
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
