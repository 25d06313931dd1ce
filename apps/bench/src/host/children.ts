import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

const STOP_DEADLINE_MS = 4000;
const SHOWN_OUTPUT_BYTES = 3000;

export interface StartOptions {
  readonly core: number;
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** Where its output goes. A pipe would make the bench work for every log line of a compared program. */
  readonly outputFile: string;
  /** Added to the environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Opens an IPC channel, for generator and backend. */
  readonly ipc?: boolean;
}

/** A child that the bench started, in a process group of its own. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The end of what it printed, for the message when it fails. */
  output(): string;
  exited(): boolean;
  /** SIGTERM to its root, SIGKILL to its whole group after 4 s; resolves when it is gone. */
  stop(): Promise<void>;
}

const aliveGroups = new Set<number>();

/** Starts a command pinned to one core. Rejects if it cannot be started. */
export async function startPinned(options: StartOptions): Promise<Child> {
  const output = openSync(options.outputFile, 'a');
  try {
    // Should the bench be killed outright, the kernel ends what it started.
    const prefix = ['--pdeathsig', 'SIGTERM', 'taskset', '-c', String(options.core)];
    const child = spawn('setpriv', [...prefix, ...options.command], {
      detached: true,
      stdio: ['ignore', output, output, ...(options.ipc === true ? (['ipc'] as const) : [])],
      env: { ...process.env, ...options.env },
    });
    await once(child, 'spawn');
    return follow(child, options.outputFile);
  } finally {
    closeSync(output);
  }
}

/** Ends whatever is still running, without waiting: for exit and signals. */
export function killAllChildren(): void {
  for (const group of aliveGroups) signal(-group, 'SIGKILL');
}

function follow(child: ChildProcess, outputFile: string): Child {
  const pid = child.pid!;
  aliveGroups.add(pid);
  child.once('exit', () => {
    // What a root leaves behind when it dies stays in its group.
    signal(-pid, 'SIGKILL');
    aliveGroups.delete(pid);
  });
  const exited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    process: child,
    pid,
    output: () => readFileSync(outputFile, 'utf8').slice(-SHOWN_OUTPUT_BYTES).trim(),
    exited,
    async stop() {
      if (exited()) return;
      const gone = once(child, 'exit');
      signal(pid, 'SIGTERM');
      const timer = setTimeout(() => signal(-pid, 'SIGKILL'), STOP_DEADLINE_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** @param to a process, or a group as a negative number. */
function signal(to: number, name: NodeJS.Signals): void {
  try {
    process.kill(to, name);
  } catch {
    // ESRCH: it is gone, which is what was wanted.
  }
}
