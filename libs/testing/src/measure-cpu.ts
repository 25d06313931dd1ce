import { StartedProcess, type Ending, type StartOptions } from './started-process.ts';

export interface MeasuredRun extends Ending {
  readonly process: StartedProcess;
  /** CPU time of the command and its children, in milliseconds: a busy machine does not change it much. */
  readonly cpuMs: number;
}

/** Runs a command to its end, and measures its CPU time by `times` of the shell. */
export async function measureCpu(
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<MeasuredRun> {
  const script = '"$@"; code=$?; times >&2; exit $code';
  const process = await StartedProcess.start('sh', ['-c', script, 'sh', command, ...args], options);
  const ending = await process.waitForEnd();
  const [, m1, s1, m2, s2] =
    /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/.exec(process.stderr.trimEnd().split('\n').at(-1) ?? '') ?? [];
  if (s2 === undefined) throw new Error(`the shell printed no times\n${process.output}`);
  const cpuMs = (60 * (Number(m1) + Number(m2)) + Number(s1) + Number(s2)) * 1_000;
  return { ...ending, process, cpuMs };
}
