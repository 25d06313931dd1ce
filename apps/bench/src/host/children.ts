import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

const STOP_DEADLINE_MS = 4000;
const MAX_OUTPUT_CHARS = 3000;

export interface StartOptions {
  readonly core: number;
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** The file for its output. With a pipe, every log line of a compared program would cost the bench time. */
  readonly outputFile: string;
  /** Changes to the environment. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Opens an IPC channel, which the generator and the backend use. */
  readonly ipc?: boolean;
}

/** A child process of the bench, in a process group of its own. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The end of its output, for error messages. */
  output(): string;
  exited(): boolean;
  /** Sends SIGTERM to it, and SIGKILL to its whole group after 4 s. Resolves when it has exited. */
  stop(): Promise<void>;
}

const aliveGroups = new Set<number>();

/** Starts a command pinned to one core. Rejects when it cannot be started. */
export async function startPinned(options: StartOptions): Promise<Child> {
  const output = openSync(options.outputFile, 'a');
  try {
    // When the bench is killed with SIGKILL, the kernel ends its children.
    const prefix = ['--pdeathsig', 'SIGTERM', 'taskset', '-c', String(options.core)];
    const child = spawn('setpriv', [...prefix, ...options.command], {
      detached: true,
      stdio: ['ignore', output, output, ...(options.ipc === true ? (['ipc'] as const) : [])],
      env: { ...process.env, ...options.env },
    });
    await once(child, 'spawn');
    return wrapChild(child, options.outputFile);
  } finally {
    closeSync(output);
  }
}

/** Kills all children without waiting, for exit and signal handlers. */
export function killAllChildren(): void {
  for (const group of aliveGroups) signal(-group, 'SIGKILL');
}

function wrapChild(child: ChildProcess, outputFile: string): Child {
  const pid = child.pid!;
  aliveGroups.add(pid);
  child.once('exit', () => {
    // Processes that the child started stay in its group when it exits.
    signal(-pid, 'SIGKILL');
    aliveGroups.delete(pid);
  });
  const exited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    process: child,
    pid,
    output: () => readFileSync(outputFile, 'utf8').slice(-MAX_OUTPUT_CHARS).trim(),
    exited,
    async stop() {
      if (exited()) return;
      const exit = once(child, 'exit');
      signal(pid, 'SIGTERM');
      const timer = setTimeout(() => signal(-pid, 'SIGKILL'), STOP_DEADLINE_MS);
      await exit;
      clearTimeout(timer);
    },
  };
}

/** @param to the id of a process, or of a group as a negative number. */
function signal(to: number, name: NodeJS.Signals): void {
  try {
    process.kill(to, name);
  } catch {
    // ESRCH: it has exited already.
  }
}
